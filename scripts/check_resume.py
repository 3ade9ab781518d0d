#!/usr/bin/env python3
"""Kills a training with kill -9 at random moments, resumes it, and compares the weights that it ends with, byte
by byte, with those of a training that nobody killed:

  scripts/check_resume.py [--kills N] [--every STEPS] [--seed N] PROGRAM [ARGUMENT ...]

The program takes --checkpoint, --checkpoint-every, --json and --save as the examples do. Each kill starts from no
checkpoint; a third of the resumed trainings are killed once more before they may end. A kill counts as in the
middle of the training if the program had begun to train and had not yet written its weights."""

import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    rng = random.Random(options.seed)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        checkpoint, figures, weights = (folder / name for name in ("run.ckpt", "run.json", "run.safetensors"))
        plain = [*options.program, "--json", str(figures), "--save", str(weights)]
        resuming = [*plain, "--checkpoint", str(checkpoint), "--checkpoint-every", str(options.every)]

        def clean():
            for path in folder.iterdir():
                path.unlink()

        def start():
            return subprocess.Popen(resuming, stdout=subprocess.DEVNULL)

        subprocess.run(plain, stdout=subprocess.DEVNULL, check=True)
        wanted = weights.read_bytes()
        clean()
        begin = time.monotonic()
        subprocess.run(resuming, stdout=subprocess.DEVNULL, check=True)
        duration = time.monotonic() - begin
        if weights.read_bytes() != wanted:
            sys.exit("writing checkpoints changes the weights")

        kills = in_the_middle = resumed = during_writes = 0

        def kill():
            """Starts the program and kills it at a random moment; whether it was still running."""
            nonlocal kills, in_the_middle, during_writes, duration
            process = start()
            time.sleep(rng.uniform(0, duration))
            if process.poll() is not None:
                duration *= 0.95  # the machine has become faster
                return False
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            during_writes += any(".tmp-" in path.name for path in folder.iterdir())
            in_the_middle += checkpoint.exists() and not weights.exists()
            return True

        while kills < options.kills:
            clean()
            if not kill():
                continue
            if kills < options.kills and rng.random() < 1 / 3:
                kill()
            had_checkpoint = checkpoint.exists()
            subprocess.run(resuming, stdout=subprocess.DEVNULL, check=True)
            step = json.loads(figures.read_text())["resumed_from_step"]
            resumed += step > 0
            if had_checkpoint and step <= 0:
                sys.exit(f"kill {kills}: there was a checkpoint but the program started anew")
            if weights.read_bytes() != wanted:
                sys.exit(f"kill {kills}: resumed after step {step}, the weights are not the same")
            leftovers = [path.name for path in folder.iterdir() if ".tmp-" in path.name]
            if leftovers:
                sys.exit(f"kill {kills}: left behind: {leftovers}")

        print(f"{kills} kills, {in_the_middle} in the middle of the training, {during_writes} of them while a "
              f"checkpoint was written; {resumed} trainings resumed, all with the same bytes")


if __name__ == "__main__":
    main()
