#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""oom-tune on a /proc that the tests make up, and on this machine."""
import contextlib
import json
import os
import pathlib
import tempfile

from support import Skip, expect, expect_help, expect_usage
from support import expect_words_for_missing_roots, process, root_of, run, run_tests

DONE, FAILED, USAGE, RISKY = range(4)

RAM = 8000000
SWAP = 1000000
PROMISED = 3000000

# Plain files are not truncated, and do not zero each other: the tests write as much as there is.
KNOBS = {
    "overcommit_memory": ("sys/vm/overcommit_memory", "0\n"),
    "overcommit_ratio": ("sys/vm/overcommit_ratio", "50\n"),
    "overcommit_kbytes": ("sys/vm/overcommit_kbytes", "0\n"),
    "panic_on_oom": ("sys/vm/panic_on_oom", "0\n"),
    "oom_kill_allocating_task": ("sys/vm/oom_kill_allocating_task", "0\n"),
    "oom_dump_tasks": ("sys/vm/oom_dump_tasks", "1\n"),
    "admin_reserve_kbytes": ("sys/vm/admin_reserve_kbytes", "8192\n"),
    "user_reserve_kbytes": ("sys/vm/user_reserve_kbytes", "131072\n"),
    "panic_timeout": ("sys/kernel/panic", "10\n"),
}
FILES = dict(KNOBS.values()) | {
    "meminfo": f"MemTotal: {RAM} kB\nSwapTotal: {SWAP} kB\nHugetlb: 0 kB\n"
               f"Committed_AS: {PROMISED} kB\n",
}
SHOWN = {name: int(text) for name, (_, text) in KNOBS.items() if name != "overcommit_kbytes"}
LINES = "".join(f"{name}={v}\n" for name, v in SHOWN.items())


class Machine:
    """A /proc of plain files."""

    def __init__(self, root):
        self.root = root

    def run(self, *arguments):
        return run("oom-tune", "--proc", self.root, *arguments)

    def files(self):
        return {name: pathlib.Path(self.root, name).read_text(encoding="ascii")
                for name in FILES if pathlib.Path(self.root, name).exists()}

    def expect_changed(self, **changes):
        texts = {KNOBS[name][0]: f"{v}\n" for name, v in changes.items()}
        expect({name: text for name, text in self.files().items() if FILES[name] != text}, texts)


@contextlib.contextmanager
def machine(**changes):
    """FILES, where "sys__vm__x" names sys/vm/x, and None removes it."""
    with root_of(FILES | {name.replace("__", "/"): text for name, text in changes.items()}) as root:
        yield Machine(root)


def test_show_has_all_knobs_in_the_form_that_restore_takes():
    with machine() as m:
        result = m.run("show")
        expect((result.returncode, result.stderr, result.stdout), (DONE, "", LINES))
        expect(json.loads(m.run("--json", "show").stdout), SHOWN)


def test_show_names_what_is_in_force_and_what_there_is():
    with machine(sys__vm__overcommit_ratio="0\n", sys__vm__overcommit_kbytes="77\n",
                 sys__vm__panic_on_oom=None) as m:
        shown = json.loads(m.run("show", "--json").stdout)
        expect(shown["overcommit_kbytes"], 77)
        expect({"overcommit_ratio", "panic_on_oom"} & shown.keys(), set())


def test_check_tells_the_limit_and_what_differs():
    with machine() as m:
        arguments = "check", "overcommit_ratio=80", "panic_timeout=10", "oom_dump_tasks=-3"
        result = m.run(*arguments)
        expect((result.returncode, result.stderr), (DONE, ""))
        expect(result.stdout, "commit limit 7400000 kB, promised 3000000 kB, headroom 4400000 kB\n"
                              "overcommit_ratio: 50, wanted 80\noom_dump_tasks: 1, wanted -3\n")
        expect(json.loads(m.run("--json", *arguments).stdout), {
            "commit_limit_kb": 7400000, "committed_as_kb": PROMISED, "headroom_kb": 4400000,
            "drift": {"overcommit_ratio": {"now": 50, "wanted": 80},
                      "oom_dump_tasks": {"now": 1, "wanted": -3}},
            "risks": []})
        m.expect_changed()


def test_drift_is_1_and_no_drift_is_0():
    with machine() as m:
        result = m.run("drift", "overcommit_ratio=50", "panic_timeout=10")
        expect((result.returncode, result.stdout, result.stderr), (DONE, "", ""))
        result = m.run("drift", "overcommit_ratio=50", "panic_timeout=-1")
        expect((result.returncode, result.stdout), (FAILED, "panic_timeout: 10, wanted -1\n"))
        result = m.run("drift", "--json", "panic_timeout=11")
        expect((result.returncode, json.loads(result.stdout)),
               (FAILED, {"drift": {"panic_timeout": {"now": 10, "wanted": 11}}}))
        expect(json.loads(m.run("drift", "--json", "panic_timeout=10").stdout), {"drift": {}})
        m.expect_changed()


def test_apply_changes_what_differs():
    with machine() as m:
        wanted = {"overcommit_ratio": 60, "admin_reserve_kbytes": 8200, "oom_dump_tasks": 1}
        settings = [f"{name}={v}" for name, v in wanted.items()]
        result = m.run("apply", *settings)
        expect((result.returncode, result.stderr, result.stdout),
               (DONE, "", "overcommit_ratio changed\nadmin_reserve_kbytes changed\n"))
        m.expect_changed(overcommit_ratio=60, admin_reserve_kbytes=8200)
        result = m.run("apply", "--json", *settings)
        nothing = {"changed": [], "failed": [], "failed_rollback": [], "risks": [], "error": ""}
        expect((result.returncode, json.loads(result.stdout)), (DONE, nothing))


# Each risk: what is asked for, its name, and a sentence with the figures of FILES.
RISKS = (
    (["overcommit_memory=2", "overcommit_ratio=25"], "no_headroom",
     "3000000 kB are promised, and the limit would be 3000000 kB: no program could start"),
    (["overcommit_memory=2", "overcommit_ratio=00"], "swap_only",
     "swap alone would make the limit of 1000000 kB"),
    (["overcommit_ratio=-1"], "negative_ratio", "the limit would be "),
    (["panic_on_oom=1", "panic_timeout=00"], "stays_down",
     "with a panic_timeout of 0, a machine that panics stays down"),
    (["overcommit_memory=2"], "containers",
     "process 77 runs containers, which count on more memory than there is"),
    (["overcommit_memory=2"], "address_space", "process 78 has 5000001 kB of address space, and "
     "the limit would be 5000000 kB: it may not start again"),
    (["overcommit_ratio=60", "overcommit_kbytes=1"], "ratio_and_kbytes",
     "overcommit_ratio and overcommit_kbytes zero each other: name one"),
)
PROCESSES = process(77, RAM // 4, b"dockerd") | process(78, RAM // 4, b"java")
PROCESSES["78/stat"] = PROCESSES["78/stat"].replace(b" 1048576 ", b" %d " % (5000001 * 1024))
PROCESSES = {name.replace("/", "__"): text for name, text in PROCESSES.items()}


def test_what_is_risky_is_refused_with_its_figures():
    for settings, name, sentence in RISKS:
        with machine(**PROCESSES) as m:
            result = m.run("check", *settings)
            expect((name, result.returncode), (name, RISKY))
            assert f"risk: {sentence}" in result.stdout, (name, result.stdout)
            result = m.run("apply", *settings)
            expect((name, result.returncode, result.stdout), (name, RISKY, ""))
            assert f"risk: {sentence}" in result.stderr, (name, result.stderr)
            assert "refused, nothing is changed" in result.stderr, result.stderr
            result = m.run("apply", "--json", *settings)
            said = json.loads(result.stdout)
            assert name in said["risks"] and said["error"] and not said["changed"], said
            m.expect_changed()


def test_a_risk_may_be_accepted():
    with machine() as m:
        settings = "overcommit_memory=2", "overcommit_ratio=20"
        expect(m.run("apply", *settings).returncode, RISKY)
        result = m.run("apply", "--accept-risks", *settings)
        expect((result.returncode, result.stderr), (DONE, ""))
        m.expect_changed(overcommit_memory=2, overcommit_ratio=20)


def test_ratio_and_kbytes_together_are_never_accepted():
    with machine() as m:
        result = m.run("apply", "--accept-risks", "overcommit_ratio=60", "overcommit_kbytes=1")
        expect((result.returncode, result.stdout), (RISKY, ""))
        m.expect_changed()


def test_a_step_that_fails_is_named_and_undoes_the_others():
    with machine() as m:
        arguments = "apply", "overcommit_ratio=60", "panic_timeout=5"  # which makes 50 of 10
        result = m.run(*arguments)
        expect((result.returncode, result.stdout), (FAILED, ""))
        assert result.stderr.startswith("oom-tune: panic_timeout: "), result.stderr
        assert result.stderr.endswith("oom-tune: nothing is changed\n"), result.stderr
        m.expect_changed()
        said = json.loads(m.run("--json", *arguments).stdout)
        expect((said["changed"], said["failed"]), ([], ["panic_timeout"]))
        expect(said["failed_rollback"], [])
        m.expect_changed()


def test_a_knob_that_is_missing_is_named():
    with machine(sys__vm__panic_on_oom=None) as m:
        result = m.run("apply", "panic_on_oom=0", "overcommit_ratio=60")
        expect((result.returncode, result.stdout), (FAILED, ""))
        assert result.stderr.startswith("oom-tune: panic_on_oom: This kernel has no such knob"), \
            result.stderr
        m.expect_changed()


def test_what_is_saved_can_be_restored():
    with machine() as m, tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "before")
        expect(m.run("apply", "--save", saved, "overcommit_ratio=60", "panic_timeout=20",
                     "user_reserve_kbytes=200000").returncode, DONE)
        expect(pathlib.Path(saved).read_text(encoding="ascii"), LINES)
        m.expect_changed(overcommit_ratio=60, panic_timeout=20, user_reserve_kbytes=200000)
        result = m.run("restore", saved)
        expect((result.returncode, result.stderr), (DONE, ""))
        m.expect_changed()


def test_what_was_saved_first_is_not_lost():
    with machine() as m, tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder, "before")
        saved.write_text("mine\n", encoding="ascii")
        result = m.run("apply", "--save", saved, "overcommit_ratio=60")
        expect((result.returncode, result.stdout), (FAILED, ""))
        assert "File exists" in result.stderr, result.stderr
        expect(saved.read_text(encoding="ascii"), "mine\n")
        m.expect_changed()


def test_what_is_refused_is_not_saved():
    with machine() as m, tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "before")
        expect(m.run("apply", "--save", saved, "overcommit_ratio=-1").returncode, RISKY)
        assert not os.path.exists(saved)


def test_restore_accepts_risks_since_they_were_there():
    with machine() as m, tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder, "before")
        saved.write_text("overcommit_memory=2\novercommit_ratio=20\n", encoding="ascii")
        expect(m.run("restore", saved).returncode, DONE)
        m.expect_changed(overcommit_memory=2, overcommit_ratio=20)


def test_a_file_of_anything_else_is_not_restored():
    wrong = ("", "\n", "x\n", "overcommit_ratio\n", "overcommit_ratio=\n", "overcommit_ratio=6 \n",
             "overcommit_ratio=60\n\n", "overcommit_ratio=60\novercommit_ratio=60\n",
             "panic_timeout=60\nx=1\n", "a" * 5000 + "\n")
    with machine() as m, tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder, "before")
        for text in wrong:
            saved.write_text(text, encoding="ascii")
            result = m.run("restore", saved)
            expect((text, result.returncode, result.stdout), (text, FAILED, ""))
            assert "not lines of KNOB=VALUE" in result.stderr, result.stderr
        result = m.run("restore", pathlib.Path(folder, "none"))
        expect(result.returncode, FAILED)
        assert "No such file" in result.stderr, result.stderr
        m.expect_changed()


class Boot:
    """A machine, and files of sysctl.d below a directory of their own."""

    def __init__(self, m, folder):
        self.machine, self.folder = m, folder

    def path(self, name="etc/sysctl.d/50-oom.conf"):
        return str(pathlib.Path(self.folder, name))

    def text(self):
        """What is set, in no order."""
        lines = pathlib.Path(self.path()).read_text(encoding="ascii").splitlines()
        return {line for line in lines if not line.startswith("#")}

    def run(self, *arguments):
        return self.machine.run("--root", self.folder, *arguments)

    def persist(self, *arguments, path=None):
        return self.run("persist", path or self.path(), *arguments)


@contextlib.contextmanager
def boot(files=()):
    with machine() as m, root_of({"etc/sysctl.d/00-other.conf": "kernel.pid_max = 9\n",
                                           **dict(files)}) as folder:
        yield Boot(m, folder)
        m.expect_changed()


def test_persist_writes_a_file_and_says_that_it_decides():
    with boot() as b:
        for options in ([], ["--procps"]):
            result = b.persist(*options, "overcommit_ratio=80", "panic_timeout=20")
            expect((result.returncode, result.stderr), (DONE, ""))
            expect(result.stdout, "overcommit_ratio=80\npanic_timeout=20\n")
            expect(b.text(), {"vm.overcommit_ratio = 80", "kernel.panic = 20"})
        said = json.loads(b.persist("--json", "panic_timeout=21").stdout)
        expect(said, {"file": b.path(), "knobs": {"panic_timeout": {
            "wanted": 21, "at_boot": 21, "file": b.path()}}})
        expect(b.text(), {"kernel.panic = 21"})


def test_persist_keeps_what_the_machine_has():
    with boot() as b:
        result = b.persist()
        expect((result.returncode, result.stderr, result.stdout), (DONE, "", LINES))
        names = {"panic_timeout": "kernel.panic"}
        expect(b.text(), {f"{names.get(name, f'vm.{name}')} = {v}" for name, v in SHOWN.items()})


# Other files, the options, and what is said of overcommit_ratio=80 in 50-oom.conf.
OVERRIDDEN = (
    ({"lib/sysctl.d/99-x.conf": "vm.overcommit_ratio=70"}, [], 70, "lib/sysctl.d/99-x.conf"),
    ({"run/sysctl.d/60-x.conf": "vm.overcommit_kbytes=5"}, [], 0, "run/sysctl.d/60-x.conf"),
    ({"etc/sysctl.conf": "vm/overcommit_ratio=71"}, ["--procps"], 71, "etc/sysctl.conf"),
    ({"run/sysctl.d/60.conf": "vm.overcommit_ratio=80"}, ["--procps"], 80, "run/sysctl.d/60.conf"),
)


def test_persist_warns_of_a_file_that_comes_later():
    for files, options, value, name in OVERRIDDEN:
        with boot(files) as b:
            result = b.persist(*options, "overcommit_ratio=80", "panic_timeout=20")
            expect((result.returncode, result.stderr), (FAILED, ""))
            expect(result.stdout, f"overcommit_ratio=80, but at boot it will be {value} by "
                                  f"{b.path(name)}\npanic_timeout=20\n")
            expect(b.text(), {"vm.overcommit_ratio = 80", "kernel.panic = 20"})
            said = json.loads(b.persist("--json", *options, "overcommit_ratio=80").stdout)
            expect(said["knobs"], {"overcommit_ratio": {"wanted": 80, "at_boot": value,
                                                        "file": b.path(name)}})


def test_the_other_loader_does_not_read_sysctl_conf():
    with boot({"etc/sysctl.conf": "vm.overcommit_ratio=71"}) as b:
        expect(b.persist("overcommit_ratio=80").returncode, DONE)


def test_persist_warns_of_a_file_that_no_loader_reads():
    with boot({"usr/lib/sysctl.d/50-oom.conf": ""}) as b:
        for name in ("etc/sysctl.d/oom", "oom.conf", "usr/lib/sysctl.d/50-oom.conf"):
            pathlib.Path(b.path()).write_text("", encoding="ascii")  # hides the last one
            result = b.persist("panic_timeout=20", path=b.path(name))
            expect((result.returncode, result.stdout, result.stderr),
                   (FAILED, "panic_timeout=20, but at boot: no file that is read sets it\n", ""))
            said = json.loads(b.persist("--json", "panic_timeout=20", path=b.path(name)).stdout)
            expect(said["knobs"], {"panic_timeout": {
                "wanted": 20, "error": "no file that is read sets it"}})


def test_persist_says_when_a_later_file_cannot_be_understood():
    with boot({"run/sysctl.d/60-x.conf": "vm.overcommit_ratio=0x50"}) as b:
        result = b.persist("overcommit_ratio=80")
        expect(result.returncode, FAILED)
        assert result.stdout.startswith("overcommit_ratio=80, but at boot: The file "), result


def test_what_is_risky_at_boot_is_not_persisted():
    with boot() as b:
        settings = "overcommit_memory=2", "overcommit_ratio=20"
        result = b.persist(*settings)
        expect((result.returncode, result.stdout), (RISKY, ""))
        assert "risk: 3000000 kB are promised" in result.stderr, result.stderr
        assert not os.path.exists(b.path())
        expect(b.persist("--accept-risks", *settings).returncode, DONE)
        expect(b.text(), {"vm.overcommit_memory = 2", "vm.overcommit_ratio = 20"})


def test_what_cannot_be_persisted_is_words():
    with boot() as b:
        for path in (b.path("none/50-oom.conf"), b.folder):
            result = b.persist("panic_timeout=20", path=path)
            expect((result.returncode, result.stdout), (FAILED, ""))
            assert result.stderr.startswith(f"oom-tune: {path}: "), result.stderr
        result = b.persist("--accept-risks", "overcommit_ratio=60", "overcommit_kbytes=1")
        expect(result.returncode, RISKY)
        assert not os.path.exists(b.path())


def test_drift_from_what_a_boot_would_set():
    files = {"etc/sysctl.d/10-a.conf": "vm.overcommit_ratio = 80\nkernel.panic=10",
             "etc/sysctl.conf": "vm.overcommit_kbytes = 77\nvm.oom_dump_tasks = 1"}
    with boot(files) as b:
        first, last = b.path("etc/sysctl.d/10-a.conf"), b.path("etc/sysctl.conf")
        result = b.run("drift", "--boot")
        expect((result.returncode, result.stderr), (FAILED, ""))
        expect(result.stdout, f"overcommit_ratio: 50, wanted 80 by {first}\n")
        said = json.loads(b.run("drift", "--boot", "--json").stdout)
        expect(said, {"drift": {"overcommit_ratio": {"now": 50, "wanted": 80, "file": first}}})
        result = b.run("drift", "--boot", "--procps")
        expect((result.returncode, result.stdout),
               (FAILED, f"overcommit_kbytes: 0, wanted 77 by {last}\n"))
    with boot({"etc/sysctl.d/10-a.conf": "vm.overcommit_ratio = 50"}) as b:
        result = b.run("drift", "--boot")
        expect((result.returncode, result.stdout, result.stderr), (DONE, "", ""))


def test_without_files_there_is_no_drift_from_them():
    with boot() as b:
        for options in ([], ["--procps"]):
            result = b.run("drift", "--boot", *options)
            expect((result.returncode, result.stdout, result.stderr), (DONE, "", ""))
            said = json.loads(b.run("drift", "--boot", "--json", *options).stdout)
            expect(said, {"drift": {}})


def test_what_the_files_say_and_is_no_number_is_words():
    with boot({"etc/sysctl.d/10-a.conf": "vm.panic_on_oom = yes"}) as b:
        result = b.run("drift", "--boot")
        expect((result.returncode, result.stdout), (FAILED, ""))
        assert result.stderr.startswith("oom-tune: panic_on_oom: The file "), result.stderr


def test_wrong_usage_is_2_and_changes_nothing():
    wrong = (
        [], ["show", "x"], ["check"], ["drift"], ["apply"], ["restore"], ["restore", "a", "b"],
        ["set", "overcommit_ratio=60"], ["apply", "overcommit_ratio"],
        ["apply", "overcommit_ratio="],
        ["apply", "ratio=60"], ["apply", "overcommit_ratio=60x"], ["apply", "overcommit_ratio= 60"],
        ["apply", "overcommit_ratio=+60"], ["apply", "overcommit_ratio=0x3c"],
        ["apply", "overcommit_ratio=2147483648"], ["apply", "overcommit_kbytes=-1"],
        ["apply", "overcommit_kbytes=18446744073709551616"], ["apply", "panic=60"],
        ["apply", "=60"],
        ["apply", "overcommit_ratio=60", "overcommit_ratio=60"], ["apply", "overcommit_ratio=--60"],
        ["apply", "--save"], ["--save", "x", "show"],
        ["--accept-risks", "check", "panic_timeout=20"], ["--jsn", "show"],
        ["persist"], ["persist", "x", "y"], ["persist", "--save", "y", "x"],
        ["persist", "x", "panic_timeout=20", "panic_timeout=20"],
        ["drift", "--boot", "panic_timeout=20"], ["drift", "--procps", "panic_timeout=20"],
        ["show", "--boot"], ["apply", "--root", "/", "panic_timeout=20"],
    )
    with machine() as m:
        expect_usage(m.run, wrong, USAGE)
        m.expect_changed()


def test_a_value_out_of_range_is_a_failure():
    with machine() as m:
        for setting in ("overcommit_memory=3", "panic_on_oom=-1"):
            expect(m.run("apply", setting).returncode, FAILED)
        m.expect_changed()


def test_help_is_no_error():
    expect_help("oom-tune")


def test_a_root_that_is_missing_is_words():
    expect_words_for_missing_roots("oom-tune", "show", status=FAILED)


# This machine


def live_knobs():
    return {name: pathlib.Path("/proc", path).read_text(encoding="ascii")
            for name, (path, _) in KNOBS.items()}


def need_root():
    if not os.access("/proc/sys/vm/overcommit_ratio", os.W_OK):
        raise Skip("only root can set knobs")


def test_this_machine_is_as_it_shows_itself():
    shown = run("oom-tune", "show")
    expect((shown.returncode, shown.stderr), (DONE, ""))
    expect(run("oom-tune", "drift", *shown.stdout.split()).returncode, DONE)


def test_this_machine_comes_back_exactly():
    need_root()
    before = live_knobs()
    for settings in (["overcommit_kbytes=123456789", "oom_dump_tasks=-7", "panic_timeout=123"],
                     ["overcommit_kbytes=0"], ["overcommit_ratio=0"], ["overcommit_ratio=71"]):
        with tempfile.TemporaryDirectory() as folder:
            saved = os.path.join(folder, "before")
            result = run("oom-tune", "apply", "--save", saved, *settings)
            expect((result.returncode, result.stderr), (DONE, ""))
            expect(run("oom-tune", "drift", *settings).returncode, DONE)
            expect(live_knobs() == before, False)
            expect(run("oom-tune", "restore", saved).returncode, DONE)
            expect(live_knobs(), before)


def test_this_machine_says_why_it_refuses():
    before = live_knobs()
    wanted = f"oom_dump_tasks={int(before['oom_dump_tasks']) + 2}"
    user = ("setpriv", "--reuid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    result = run("oom-tune", "apply", wanted, prefix=user)
    expect((result.returncode, result.stdout), (FAILED, ""))
    assert result.stderr.startswith("oom-tune: oom_dump_tasks: A knob of the machine is for user "
                                    "ID 0 only"), result.stderr
    expect(live_knobs(), before)


def test_this_machine_is_not_strangled():
    before = live_knobs()
    result = run("oom-tune", "apply", "overcommit_memory=2", "overcommit_kbytes=4096")
    expect((result.returncode, result.stdout), (RISKY, ""))
    expect(live_knobs(), before)


run_tests(globals())
