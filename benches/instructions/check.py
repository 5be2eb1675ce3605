#!/usr/bin/env python3
"""Compares the instructions of the host passes, counted by callgrind, with those of the last change.

    python3 benches/instructions/check.py            fails if a workload needs 10 % more
    python3 benches/instructions/check.py --update   after a change that is meant to

Counted are the functions of metrics-core, with what is inlined into them, over one pass of each workload on Flex
with one thread; not the making of the inputs, which are random, nor the allocator, nor what rayon's closures
hide behind names of the standard library.
Unlike times, counts hardly depend on what else the machine does. They do depend on the compiler and on the path the processor takes:
counts.json names both, and another rustc or a processor without AVX2 and FMA skips the comparison. Without
valgrind there is nothing to compare either, which is said, with exit status 0.
"""
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
COUNTS = HERE / "counts.json"
MARGIN = 0.10
WORKLOADS = ["w1", "w2", "w3", "w3ap", "w3binned", "w3m", "w4", "w5"]
OURS = re.compile(r"metrics_core::")


def skip(reason):
    print(f"instruction counts not compared: {reason}")
    sys.exit(0)


def here():
    """What counts depend on."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        flags = []
    path = "avx2+fma" if {"avx2", "fma"} <= set(flags) else "baseline"
    return {"rustc": rustc, "machine": platform.machine(), "path": path}


def program():
    """The built `workload` program."""
    command = ["cargo", "build", "--release", "-p", "metrics-benches", "--bin", "workload",
               "--message-format", "json"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    built = [json.loads(line).get("executable") for line in lines]
    return [path for path in built if path][-1]


def count(binary, name):
    """Instructions per function of metrics-core in one pass."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary, "--once", name],
                       env={**os.environ, "RAYON_NUM_THREADS": "1"}, capture_output=True, check=True)
        report = subprocess.run(["callgrind_annotate", "--threshold=100", "--show-percs=no", str(out)],
                                capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^\s*([\d,]+)\s+\S*?:(.*)$", report, re.MULTILINE)
    return sum(int(number.replace(",", "")) for number, function in lines if OURS.search(function))


def main():
    update = sys.argv[1:] == ["--update"]
    if sys.argv[1:] and not update:
        sys.exit(__doc__)
    if not shutil.which("valgrind") or not shutil.which("callgrind_annotate"):
        skip("valgrind is not installed (Debian: apt-get install valgrind)")
    stored = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    where = here()
    if not update and stored.get("where") != where:
        skip(f"they were counted with {stored.get('where')}, this is {where}")
    binary = program()
    counts = {name: count(binary, name) for name in WORKLOADS}
    worse = []
    for name, number in counts.items():
        before = stored.get("counts", {}).get(name)
        change = f"{number / before - 1:+.1%}" if before else "new"
        print(f"{name:10} {number:>12,} {change}")
        if before and number > before * (1 + MARGIN):
            worse.append(name)
    if update:
        COUNTS.write_text(json.dumps({"where": where, "counts": counts}, indent=2) + "\n")
    elif worse:
        sys.exit(f"more than {MARGIN:.0%} more instructions: {', '.join(worse)}. If they are meant: --update")


if __name__ == "__main__":
    main()
