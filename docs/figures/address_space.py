"""Both virtual layouts, out of arch/x86/layout.c and arch/page.h: what lies where, by slots of the root table."""
import os
import re

from drawing import Drawing

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def layouts():
    """[{field: value}] of the layouts with four and with five levels."""
    text = read("arch/x86/layout.c")
    found = re.findall(r"page_layout_(\d) = \{(.*?)\};", text, re.S)
    return [{name: int(value.rstrip("UL"), 0) for name, value in re.findall(r"\.(\w+) = (\w+)", body)} for _, body in sorted(found)]


def constant(name):
    return int(re.search(rf"#define {name}\s+(0x[0-9a-f]+)UL", read("arch/x86/include/arch/page.h")).group(1), 16)


def slot(address, levels):
    return address >> (12 + 9 * (levels - 1)) & 511


d = Drawing(880, 505)
for number, layout in enumerate(layouts()):
    levels, x = layout["levels"], 70 + number * 450
    d.text(x + 110, 18, f"{levels} levels: a slot is {'512 GiB' if levels == 4 else '256 TiB'}", bold=True, size=15)
    areas = [
        (constant("KERNEL_VMA"), 1, "kernel image", "the last 2 GiB", "code"),
        (constant("KSTACK_START"), 1, "kernel stacks", "in every root from birth", "code"),
        (layout["vmemmap_start"], 1, "vmemmap", "a struct page for each page", "code"),
        (layout["vmalloc_start"], layout["vmalloc_slots"], "vmalloc", "slots appear while the system runs", "mark"),
        (layout["page_offset"], 1, "direct map", "all of physical memory", "code"),
    ]
    y = 34
    for address, count, name, about, fill in areas:
        first = slot(address, levels)
        if first == slot(constant("KERNEL_VMA"), levels) and name == "kernel stacks":
            about = "in the image's slot"
        height = 72 if fill == "mark" else 46
        d.box(x, y, 220, height, colour="link" if fill == "mark" else "ink", fill=fill)
        d.text(x + 110, y + height / 2 - 3, name, bold=True)
        d.text(x + 110, y + height / 2 + 13, about, "dim", size=11)
        last = f"..{first + count - 1}" if count > 1 else ""
        d.text(x - 6, y + height - 6, f"{first}{last}", anchor="end", size=11, mono=True)
        d.text(x + 226, y + height - 4, f"{address:016x}", "dim", anchor="start", size=10, mono=True)
        y += height + 14
    d.text(x + 110, y + 8, "slot 256: the kernel half begins", "dim", size=11)
    d.line(x - 40, y + 16, x + 300, y + 16, "dim", dashed=True)
    d.text(x + 110, y + 32, "no addresses: they are not canonical", "dim", size=11)
    d.line(x - 40, y + 40, x + 300, y + 40, "dim", dashed=True)
    y += 56
    d.box(x, y, 220, 90, fill="side")
    d.text(x + 110, y + 38, "user space", bold=True)
    d.text(x + 110, y + 56, "each root's own", "dim", size=11)
    d.text(x - 6, y + 84, "0..255", anchor="end", size=11, mono=True)
    d.text(x + 226, y + 12, f"{layout['user_end']:016x}", "dim", anchor="start", size=10, mono=True)
    d.text(x + 226, y + 86, f"{0:016x}", "dim", anchor="start", size=10, mono=True)
d.show()
