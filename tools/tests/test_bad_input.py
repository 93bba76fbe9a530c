"""A machine that cannot start says why and stops; it never ends in a triple fault, a hang or silence."""
import pytest
import qemu


def assert_clear_end(result, pattern):
    assert result.verdict in ("panic", "fail"), f"{result.verdict}: {result.reason}"
    assert not result.find("assertion failed"), "a broken invariant is no clear message"
    assert result.find(pattern), f"no line matches {pattern!r}"


def test_unknown_strategy_lists_the_known_ones(boot):
    result = boot("pgsync=nosuch pgctl=1", smp=2)
    assert_clear_end(result, "pgsync=nosuch is not")
    line = result.find("pgsync=nosuch is not").string
    assert all(name in line for name in ("walk", "walk-v2", "list", "fault", "prealloc", "loadwalk", "none"))


def test_missing_boot_module(boot):
    assert_clear_end(boot("pgctl=1", initrd=None), r"(?i)(module|archive|initramfs)")


def test_module_that_is_no_archive(boot, tmp_path):
    junk = tmp_path / "junk.cpio"
    junk.write_bytes(b"This is no archive.\n" * 1000)
    assert_clear_end(boot("pgctl=1", initrd=str(junk)), r"(?i)(cpio|archive|initramfs|magic)")


def test_truncated_archive(boot, tmp_path):
    with open(qemu.INITRAMFS, "rb") as f:
        image = f.read()
    cut = tmp_path / "cut.cpio"
    cut.write_bytes(image[:len(image) // 3])
    result = boot("pgctl=1 -- /bin/pgstress ops=1", initrd=str(cut), expect="^PGSTRESS: PASS")
    assert_clear_end(result, r"(?i)(cpio|archive|initramfs|cannot|not found|no such)")


@pytest.mark.parametrize("mem, cpus", [("8M", 1), ("12M", 1), ("16M", 64)])
def test_too_little_memory(boot, mem, cpus):
    result = boot("pgctl=1 -- /bin/pgstress ops=10 seed=1", mem=mem, smp=cpus, expect="^PGSTRESS: PASS")
    if result.verdict == "pass":
        return  # it was enough
    assert_clear_end(result, r"(?i)(PANIC|FAIL|SIGKILL|init:|pgstress:).*(memory|ENOMEM|RAM\b)|out of memory: killed \d+")


def test_init_program_that_does_not_exist(boot):
    assert_clear_end(boot("pgctl=1 -- /bin/nosuch"), r"/bin/nosuch.*(?i:no such|not found|ENOENT)")


def test_number_that_is_none(boot):
    assert_clear_end(boot("pgctl=1 seed=banana -- /bin/pgstress ops=1"), "seed=banana.*not a")
