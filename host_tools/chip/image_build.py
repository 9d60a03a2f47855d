"""Build the MicroPython image for the RP2040 from Debian's own source packages: `make image`, `make
image-frozen`.

Nothing but Debian is needed: micropython's source package, the Pico SDK, TinyUSB and Mbed TLS as they are
packaged, its Arm compiler. The mirror is the one that apt on this machine uses. What the machine lacks is
installed when this runs as root, and named otherwise. Two builds of the same sources give the same bytes:
the build's date is that of the package, and paths do not enter.

`frozen` has the firmware's packages compiled into the image, so that their code runs from flash and takes
no heap.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from host_tools import hot, inline, paths
from host_tools.chip import cache
from host_tools.chip.image import stock_path
from host_tools.chip.uf2 import ImageError, from_elf, read

SUITE = "trixie"
MICROPYTHON = "1.25.0+ds-1"
SDK = "2.1.1-1"
TINYUSB = "0.18.0+dfsg-1"
TOOLS = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "cmake": "cmake",
    "ninja": "ninja-build",
    "dpkg-source": "dpkg-dev",
    "make": "make",
    "cc": "gcc",
    "python3": "python3",
}
HEADERS = {"libnewlib-arm-none-eabi": "stdio.h", "libstdc++-arm-none-eabi-dev": "c++"}
JOBS = 2
KEPT = 8
"""So many frozen images stay in the cache."""
BOARD = "RPI_PICO"

_STOCK = """\
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
"""


class BuildError(ImageError):
    """The image was not built; the text says why and where the log is."""


def _run(command: list[str], cwd: Path, log: Path, env: dict[str, str] | None = None) -> None:
    with log.open("a") as out:
        out.write(f"\n$ {' '.join(command)}\n")
        out.flush()
        done = subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise BuildError(f"{command[0]} failed (status {done.returncode}); the log is {log}.\n{tail}")


def _missing() -> list[str]:
    """Debian packages that the build needs and this machine lacks."""
    wanted = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if shutil.which("dpkg-query") is None:
        raise BuildError(
            "make image builds from Debian's packages, and this is no Debian. Take an image from "
            "MicroPython's site: "
            "`rochette image` says which."
        )
    for package in HEADERS:
        state = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Status}", package],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if "install ok installed" not in state.stdout:
            wanted.append(package)
    return sorted(set(wanted))


def prepare(log: Path) -> None:
    """Install what is missing, as root; otherwise BuildError with the command to run."""
    missing = _missing()
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise BuildError(f"The build needs {', '.join(missing)}. Run: sudo {' '.join(command)}")
    print(f"Installing {' '.join(missing)}", file=sys.stderr, flush=True)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    _run(["apt-get", "update", "-q"], Path("/"), log, env)
    _run(command, Path("/"), log, env)


def _mirror() -> str:
    """The Debian mirror that apt on this machine uses."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    sites = [line for line in asked.stdout.splitlines() if line and not line.endswith("-security")]
    if not sites:
        raise BuildError("apt on this machine knows no Debian mirror (apt-get indextargets is empty).")
    return sites[0]


def _sources(work: Path, log: Path) -> Path:
    """The tree that is built, unpacked from the packages; downloaded when it is not here yet."""
    tree = work / "tree"
    if (tree / ".complete").exists():
        return tree
    shutil.rmtree(work / "apt", ignore_errors=True)
    shutil.rmtree(work / "src", ignore_errors=True)
    shutil.rmtree(tree, ignore_errors=True)
    (work / "apt" / "lists" / "partial").mkdir(parents=True)
    mirror = _mirror()
    listing = work / "apt" / "sources.list"
    listing.write_text(f"deb {mirror} {SUITE} main\ndeb-src {mirror} {SUITE} main\n")
    options = [
        "-q", "-o", f"Dir::Etc::sourcelist={listing}", "-o", "Dir::Etc::sourceparts=-",
        "-o", f"Dir::State::Lists={work / 'apt' / 'lists'}", "-o", "Dir::Cache::pkgcache=",
        "-o", "Dir::Cache::srcpkgcache=", "-o", "Acquire::Languages=none",
    ]  # fmt: skip
    downloads = work / "packages"
    if not (downloads / ".complete").exists():
        what = f"Fetching Debian's {SUITE} sources: micropython, pico-sdk, tinyusb, mbedtls"
        print(what, file=sys.stderr, flush=True)
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir(parents=True)
        _run(["apt-get", *options, "update"], work, log)
        source = ["apt-get", *options, "source", "--download-only", f"micropython={MICROPYTHON}", "mbedtls"]
        _run(source, downloads, log)
        packages = [f"pico-sdk-source={SDK}", f"tinyusb-source={TINYUSB}"]
        _run(["apt-get", *options, "download", *packages], downloads, log)
        (downloads / ".complete").touch()
    (work / "src").mkdir()
    for name in ("micropython", "mbedtls"):
        (dsc,) = downloads.glob(f"{name}_*.dsc")
        _run(["dpkg-source", "--no-check", "-x", str(dsc), str(work / "src" / name)], work, log)
    for package in sorted(downloads.glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(work / "src" / "sdk")], work, log)
    shutil.copytree(work / "src" / "micropython", tree, symlinks=True)
    # Debian leaves these three out of its tarball, and packages them apart.
    usr = work / "src" / "sdk" / "usr" / "src"
    parts = {"pico-sdk": usr / "pico-sdk", "tinyusb": usr / "tinyusb", "mbedtls": work / "src" / "mbedtls"}
    for name, where in parts.items():
        place = tree / "lib" / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.symlink_to(os.path.relpath(where, place.parent))
    (tree / ".complete").touch()
    return tree


def _environment(tree: Path) -> dict[str, str]:
    changelog = subprocess.run(
        ["dpkg-parsechangelog", "-l", str(tree / "debian" / "changelog"), "-S", "Timestamp"],
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    version = MICROPYTHON.split("+")[0]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": changelog.stdout.strip(),
        "MICROPY_GIT_TAG": f"v{version}",
        "MICROPY_GIT_HASH": f"debian-{MICROPYTHON}",
    }


def _cross(tree: Path, env: dict[str, str], log: Path) -> Path:
    compiler = tree / "mpy-cross" / "build" / "mpy-cross"
    if not compiler.exists():
        print("Building mpy-cross", file=sys.stderr, flush=True)
        _run(["make", "-s", "-C", str(tree / "mpy-cross"), f"-j{JOBS}"], tree, log, env)
    return compiler


_BEFORE = "            MP_NATIVE_ARCH_ARMV6,\n"
_AFTER = "            MP_NATIVE_ARCH_XTENSA,"
_TWO = _BEFORE + _AFTER
_FOUR = f"{_BEFORE}            MP_NATIVE_ARCH_ARMV6M,\n{_AFTER}"


def _align_machine_code(tree: Path) -> None:
    """Have frozen machine code start at whole words.

    A Cortex-M0+ reads its constants at whole words after the program counter, and MicroPython's emitter lays
    them out for code that starts at one; mpy-tool.py of 1.25 aligns it to half words only, so that every
    other function would read its large constants two bytes off.
    """
    tool = tree / "tools" / "mpy-tool.py"
    text = tool.read_text(encoding="utf-8")
    if _FOUR in text:
        return
    if text.count(_TWO) != 1:
        raise BuildError(f"{tool} is not the one of MicroPython {MICROPYTHON}: see _align_machine_code().")
    tool.write_text(text.replace(_TWO, _FOUR), encoding="utf-8")


def _manifest(work: Path, name: str, frozen: bool) -> Path:
    text = _STOCK
    if frozen:
        # With the dictionary's numbers in the code: less RAM, and no look-up by name (inline.py).
        inlined = work / "inlined"
        shutil.rmtree(inlined, ignore_errors=True)
        inline.write(inlined)
        (inlined / f"{IMAGE_MODULE}.py").write_text(image_module(inlined), encoding="utf-8")
        inline.write(inlined, native=True)  # the hashes are of the sources as they are deployed
        text += f'package("rochette", base_path="{inlined}")\n'
        text += f'module("{IMAGE_MODULE}.py", base_path="{inlined}")\n'
    target = work / f"manifest-{name}.py"
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
    return target


def _compile(work: Path, name: str, frozen: bool, log: Path) -> bytes:
    tree = _sources(work, log)
    _align_machine_code(tree)
    env = _environment(tree)
    env["MICROPY_MPYCROSS"] = str(_cross(tree, env, log))
    build = work / f"build-{name}"
    # Nothing of the C++ library is linked; an empty archive spares the 300 MB package that has it.
    nothing = work / "nothing"
    if not (nothing / "libstdc++.a").exists():
        nothing.mkdir(exist_ok=True)
        _run(["arm-none-eabi-ar", "rcs", str(nothing / "libstdc++.a")], work, log)
    # micropython-lib is not in Debian's tarball, and the manifest above asks for nothing of it; CMake looks
    # for this.
    (work / "no-library").mkdir(exist_ok=True)
    (work / "no-library" / "README.md").write_text("No library: see image_build.py.\n")
    # By the environment, where CMake adds them to what the toolchain sets.
    for name_of_flags in ("CFLAGS", "CXXFLAGS", "ASMFLAGS"):
        env[name_of_flags] = f"-ffile-prefix-map={work}=."
    print(f"Building the {'frozen' if frozen else 'stock'} image", file=sys.stderr, flush=True)
    configure = [
        "cmake", "-G", "Ninja", "-S", str(tree / "ports" / "rp2"), "-B", str(build),
        f"-DMICROPY_BOARD={BOARD}", "-DPICO_BUILD_DOCS=0", "-DPICO_NO_PICOTOOL=1",
        f"-DPICO_SDK_PATH_OVERRIDE={tree / 'lib' / 'pico-sdk'}", f"-DMICROPY_LIB_DIR={work / 'no-library'}",
        f"-DMICROPY_FROZEN_MANIFEST={_manifest(work, name, frozen)}",
        f"-DCMAKE_EXE_LINKER_FLAGS=-L{nothing}",
    ]  # fmt: skip
    _run(configure, work, log, env)
    if frozen:
        # The build system goes by times: it would miss a file that was added, or an older one put back.
        (build / "frozen_content.c").unlink(missing_ok=True)
        shutil.rmtree(build / "frozen_mpy", ignore_errors=True)
    _run(["ninja", "-C", str(build), f"-j{JOBS}", "firmware.elf"], work, log, env)
    return from_elf((build / "firmware.elf").read_bytes())


IMAGE_MODULE = "rochette_image"
"""A module of the frozen image: what is in it, for deployment."""


def image_module(inlined: Path) -> str:
    """The text of that module: the image's mark, and a line for each module with the hash of its source."""
    lines = []
    for path in sorted((inlined / "rochette").rglob("*.py")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        lines.append(f"{path.relative_to(inlined).as_posix()} {digest}\n")
    return (
        '"""What is in this image: its mark, and each module with the hash of its source."""\n\n'
        f'MARK = "{sources_hash()}"\nMODULES = """{"".join(lines)}"""\n'
    )


def sources_hash() -> str:
    """A hash of what goes into a frozen image: its recipe, and every file of the firmware's packages and of
    the pass over them."""
    digest = hashlib.sha256(f"{MICROPYTHON} {SDK} {TINYUSB} {_STOCK} {_FOUR} {IMAGE_MODULE}".encode())
    passes = [Path(inline.__file__), Path(hot.__file__)]
    for path in passes + sorted((paths.FIRMWARE / "rochette").rglob("*.py")):
        digest.update(path.relative_to(paths.ROOT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def frozen_path() -> Path:
    """Where the frozen image of the present sources is, or will be."""
    return cache.folder() / "images" / f"RPI_PICO-frozen-{sources_hash()}.uf2"


def sizes_path() -> Path:
    """Where the frozen modules' sizes lie beside the image: JSON, bytes of flash by path (`frozen_sizes`)."""
    return frozen_path().with_suffix(".json")


def frozen_sizes(names: str) -> dict[str, int]:
    """Bytes that each module of the firmware takes in the flash, from what `nm -S` says of the program: code,
    constants and tables, without the names that modules share. Keys as in the source: services/ledger.
    """
    modules = {
        path.relative_to(paths.FIRMWARE).with_suffix("").as_posix(): 0
        for path in (paths.FIRMWARE / "rochette").rglob("*.py")
    }
    # mpy-tool writes every character of a path that no C name may have as one underscore.
    mangled = sorted(((name.replace("/", "_"), name) for name in modules), key=lambda one: -len(one[0]))
    for line in names.splitlines():
        fields = line.split()
        if len(fields) != 4 or "rochette" not in fields[3]:
            continue
        tail = fields[3][fields[3].index("rochette") :]
        for short, name in mangled:
            if tail == short or tail.startswith(short + "_"):
                modules[name] += int(fields[1], 16)
                break
    return {name.removeprefix("rochette/"): size for name, size in sorted(modules.items()) if size}


def build(frozen: bool, work: Path | None = None, target: Path | None = None) -> Path:
    """Build an image, check it, put it into the cache; give its path. Raises BuildError.

    One build at a time in a work folder: a second waits, and takes what the first has made.
    """
    work = work or cache.folder() / "build" / MICROPYTHON.split("+")[0]
    made_for_all = target is None
    target = target or (frozen_path() if frozen else stock_path())
    work.mkdir(parents=True, exist_ok=True)
    asked = time.time()
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made_for_all and target.exists() and target.stat().st_mtime >= asked:
            return target
        return _build(frozen, work, target)


def _build(frozen: bool, work: Path, target: Path) -> Path:
    log = work / "build.log"
    log.write_text("")
    prepare(log)
    data = _compile(work.resolve(), "frozen" if frozen else "stock", frozen, log)
    target.parent.mkdir(parents=True, exist_ok=True)
    if frozen:
        elf = work.resolve() / "build-frozen" / "firmware.elf"
        said = subprocess.run(
            ["arm-none-eabi-nm", "-S", str(elf)], capture_output=True, text=True, check=True,
            stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip
        target.with_suffix(".json").write_text(json.dumps(frozen_sizes(said), indent=1) + "\n")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(data)
    read(part)
    part.replace(target)
    if frozen:
        # Of the sources' earlier states, and of other working copies.
        old = sorted(target.parent.glob("RPI_PICO-frozen-*.uf2"), key=lambda one: -one.stat().st_mtime)
        for one in old[KEPT:]:
            one.unlink()
            one.with_suffix(".json").unlink(missing_ok=True)
    return target


def main() -> int:
    """The command of the Makefile."""
    parser = argparse.ArgumentParser(
        prog="image_build", description="Build the MicroPython image for the RP2040."
    )
    parser.add_argument("--frozen", action="store_true", help="with the firmware's packages in it")
    parser.add_argument("--work", type=Path, help="build here instead of in the cache")
    parser.add_argument("--target", type=Path, help="put the image here instead of in the cache")
    args = parser.parse_args()
    try:
        path = build(args.frozen, args.work, args.target)
    except (BuildError, ImageError, subprocess.CalledProcessError, OSError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    print(f"{path}\n{read(path).text}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
