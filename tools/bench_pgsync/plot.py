"""Draws the comparison as one SVG (matplotlib). Colours are Okabe and Ito's, which the colour-blind can tell apart; every
strategy has a marker and a dash of its own as well. The same figures give the same bytes."""
import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker  # noqa: E402 (needs its backend first)

STYLE = {  # colour, marker, dash
    "walk": ("#0072B2", "o", "-"),
    "walk-v2": ("#56B4E9", "v", "--"),
    "list": ("#D55E00", "s", "-"),
    "fault": ("#CC79A7", "^", ":"),
    "prealloc": ("#000000", "D", "-."),
    "loadwalk": ("#009E73", "P", "--"),
    "none": ("#999999", "x", ":"),
}
PARTS = [("alloc", "pgd_alloc()", "#0072B2"), ("late_copy", "late copy", "#E69F00"), ("free", "pgd_free()", "#009E73")]


def style(strategy):
    colour, marker, dash = STYLE[strategy]
    return {"color": colour, "marker": marker, "linestyle": dash, "markersize": 5, "label": strategy}


def root_life(axes, figures, aim):
    bottom = [0] * len(figures)
    for key, label, colour in PARTS:
        heights = [figure["costs"]["root"][key] for figure in figures.values()]
        axes.bar(list(figures), heights, bottom=bottom, label=label, color=colour, edgecolor="black", linewidth=0.5)
        bottom = [low + height for low, height in zip(bottom, heights)]
    axes.axhline(aim, color="black", linestyle=":", linewidth=1)
    axes.annotate(f"aim: at most {aim}", (len(figures) - 0.5, aim), ha="right", va="bottom")
    axes.set(title="A root's life (1 CPU)", ylabel="guest instructions", ylim=(0, aim * 1.25))
    axes.tick_params(axis="x", rotation=30)
    axes.legend(loc="upper left", ncol=3, fontsize=8, columnspacing=1, handlelength=1.2)


def plain_ticks(axis, at):
    axis.set_major_locator(ticker.FixedLocator(at))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_locator(ticker.NullLocator())


def growth(axes, figures, series, xlabel, title):
    """series(figure) to [(x, growth fields)]."""
    for strategy, figure in figures.items():
        points = [(x, point["ticks"]) for x, point in series(figure) if point["growths"]]
        if points:
            axes.plot(*zip(*points), **style(strategy))
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="guest instructions of the grower", title=title)
    axes.set_ylim(100, 400_000)
    plain_ticks(axes.xaxis, sorted({x for figure in figures.values() for x, _ in series(figure)}))
    plain_ticks(axes.yaxis, [100, 1_000, 10_000, 100_000])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, title="prealloc never grows", title_fontsize=8)


def model(axes, speedups, counted, title):
    """Lines: the model. Points: counted instructions."""
    for strategy, values in speedups.items():
        colour, _, dash = STYLE[strategy]
        axes.plot(range(1, len(values) + 1), values, color=colour, linestyle=dash, label=f"{strategy} (model)")
    for strategy, points in counted.items():
        if strategy in speedups:
            axes.plot(*zip(*points), color=STYLE[strategy][0], marker=STYLE[strategy][1], linestyle="", markersize=5,
                      markerfacecolor="none")
    axes.plot([], [], color="black", marker="o", linestyle="", markersize=5, markerfacecolor="none",
              label="counted instructions, no waiting")
    axes.set(xscale="log", yscale="log", xlabel="CPUs", ylabel="forks, in units of one CPU", title=title)
    axes.set_ylim(0.7, 6000)
    plain_ticks(axes.xaxis, [1, 4, 16, 64, 256, 1024, 4096])
    plain_ticks(axes.yaxis, [1, 4, 16, 64, 256, 1024, 4096])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper left")


def ratios(axes, spread, rounds):
    """spread: {strategy: (lowest, median, highest)}."""
    names = list(spread)
    middle = [spread[name][1] for name in names]
    below = [spread[name][1] - spread[name][0] for name in names]
    above = [spread[name][2] - spread[name][1] for name in names]
    axes.bar(names, middle, yerr=[below, above], color=[STYLE[name][0] for name in names], capsize=4, ecolor="black",
             alpha=0.6, edgecolor="black", linewidth=0.5)
    axes.axhline(1, color="black", linewidth=1)
    axes.set(title="Forks for host CPU time, 64 CPUs, multi-threaded", ylabel="ratio to prealloc in the same round")
    axes.set_xlabel(f"median of {rounds} rounds; whiskers: lowest and highest")
    axes.tick_params(axis="x", rotation=30)


def draw(path, figures, aim, model_lines, counted, spread, rounds):
    """`model_lines`: (of the roots alone, of the whole fork), each {strategy: speed-up for 1, 2, ... CPUs}."""
    pyplot.rcParams.update({"svg.hashsalt": "freewalk", "svg.fonttype": "none", "font.size": 9, "path.simplify": True})
    chart, axes = pyplot.subplots(2, 3, figsize=(16, 9.5), layout="constrained")
    root_life(axes[0][0], figures, aim)
    growth(axes[0][1], figures, lambda figure: [(point["tasks"], point) for point in figure["costs"]["growth"]],
           "sleeping processes", "One growth beside many processes (1 CPU)")
    growth(axes[0][2], figures, lambda figure: sorted(figure["growth"].items()), "CPUs (64 sleeping processes)",
           "One growth on many CPUs")
    model(axes[1][0], model_lines[0], counted, "MODEL: fork+exit+wait if roots alone were shared")
    model(axes[1][1], model_lines[1], counted, "MODEL: fork+exit+wait with all that the kernel shares")
    if spread:
        ratios(axes[1][2], spread, rounds)
    else:
        axes[1][2].set_axis_off()
    chart.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(chart)
