# SPDX-License-Identifier: MIT
"""Debian's kernels, fetched as packages and kept outside the tree.

They come from the mirror that this machine's own apt uses, through an apt configuration of their
own, so that the machine's is left alone.
"""

import fcntl
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

CACHE = pathlib.Path(os.environ.get("OOMCTL_LAB_CACHE", "/var/cache/oomctl-lab"))
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
WANTED = "virtio_pci", "virtio_blk"  # modules


class Missing(Exception):
    """A kernel that cannot be had, and why."""


@dataclass(frozen=True)
class Kernel:
    """A row of the lab. Its suite is one of this machine's mirror."""

    name: str
    arch: str
    suite: str
    package: str
    required: bool = False

    @property
    def folder(self):
        return CACHE / self.name

    @property
    def image(self):
        return self.folder / "vmlinuz"

    def modules(self):
        """In the order in which they are to be loaded."""
        return sorted(self.folder.glob("*.ko"))


KERNELS = (
    Kernel("5.10", "amd64", "bullseye", "linux-image-cloud-amd64"),
    Kernel("6.1", "amd64", "bookworm", "linux-image-cloud-amd64", required=True),
    Kernel("6.12", "amd64", "trixie", "linux-image-cloud-amd64", required=True),
    Kernel("newest", "amd64", "sid", "linux-image-cloud-amd64"),
    Kernel("6.1-arm64", "arm64", "bookworm", "linux-image-cloud-arm64"),
)


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, **more)
    if done.returncode:
        raise Missing(f"{command[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def mirror():
    """Where this machine takes Debian itself from."""
    form = "$(REPO_URI) $(LABEL) $(COMPONENT)"
    lines = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]).splitlines()
    found = [line.split()[0] for line in lines if line.endswith(" Debian main")]
    if not found:
        raise Missing("apt on this machine knows no mirror of Debian")
    return found[0]


class Apt:
    """apt with lists, sources and a cache in a folder of its own."""

    def __init__(self, kernel, folder):
        sources = folder / "sources.list"
        sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {kernel.suite} main\n")
        for name in "lists/partial", "cache/archives/partial":
            (folder / name).mkdir(parents=True)
        self.options = [
            "-qq", "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=-",
            "-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache",
            "-o", f"APT::Architecture={kernel.arch}", "-o", f"APT::Architectures={kernel.arch}",
            "-o", "Dir::State::status=/dev/null", "-o", "APT::Sandbox::User=root",
            "-o", "Acquire::Languages=none",
        ]

    def __call__(self, tool, *arguments, **more):
        return run([tool, *self.options, *arguments], **more)

    def parts(self, package):
        """The packages that hold the kernel itself: an image, or its binary and modules."""
        tree = self("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
                    "--no-enhances", "--no-conflicts", "--no-breaks", "--no-replaces", package)
        return sorted(set(re.findall(r"^(linux-(?:image|binary|modules)-\d\S*)$", tree, re.M)))


def content(module):
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == ".xz" else data


def needed(name, paths, order):
    """Puts a module into the order behind those that it needs; one that is built in has no file."""
    if name in order or name not in paths:
        return
    data = content(paths[name])
    depends = re.search(rb"\0depends=([^\0]*)\0", data).group(1).decode()
    for other in filter(None, depends.split(",")):
        needed(other.replace("-", "_"), paths, order)
    order[name] = data


def unpack(debs, folder):
    """Leaves of the packages what a guest needs."""
    with tempfile.TemporaryDirectory(prefix="oomctl-lab-") as root:
        for deb in debs:
            run(["dpkg-deb", "-x", str(deb), root])
        images = [*pathlib.Path(root).glob("boot/vmlinu*"),
                  *pathlib.Path(root).glob("usr/lib/modules/*/vmlinuz")]
        if len(images) != 1:
            raise Missing(f"{len(images)} images in {[d.name for d in debs]}")
        paths = {p.name.split(".")[0].replace("-", "_"): p
                 for p in pathlib.Path(root).glob("**/*.ko*")}
        order = {}
        for name in WANTED:
            needed(name, paths, order)
        for i, (name, data) in enumerate(order.items()):
            (folder / f"{i:02}-{name}.ko").write_bytes(data)
        shutil.copy(images[0], folder / "vmlinuz")


def fetch(kernel):
    """Makes the folder of a kernel, whole or not at all."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock, \
            tempfile.TemporaryDirectory(prefix="fetch-", dir=CACHE) as work:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kernel.image.exists():
            return
        work = pathlib.Path(work)
        apt, result = Apt(kernel, work), work / "result"
        apt("apt-get", "update")
        parts = apt.parts(kernel.package)
        if not parts:
            raise Missing(f"{kernel.suite} has no {kernel.package}")
        apt("apt-get", "download", *parts, cwd=work)
        result.mkdir()
        unpack(sorted(work.glob("*.deb")), result)
        result.rename(kernel.folder)
