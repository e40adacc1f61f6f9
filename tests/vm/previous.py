# SPDX-License-Identifier: BSD-2-Clause
"""The package of the commit before, from which an upgrade comes: built once, and kept."""
import glob
import os
import shutil
import subprocess


class NoPrevious(Exception):
    """Why there is none."""


def git(source, *args, **kwargs):
    result = subprocess.run(["git", "-C", source, *args], text=True, stderr=subprocess.PIPE, **kwargs)
    if result.returncode != 0:
        raise NoPrevious(f"git {args[0]}: {result.stderr.strip()}")
    return result.stdout


def commit(source):
    """The one before what lies in source, and may not be committed yet."""
    changed = git(source, "status", "--porcelain", "--untracked-files=no", stdout=subprocess.PIPE)
    name = "HEAD" if changed else "HEAD~1"
    return git(source, "rev-parse", "--verify", name + "^{commit}", stdout=subprocess.PIPE).strip()


def package(source, kept):
    """The commit, and its .deb."""
    if shutil.which("git") is None:
        raise NoPrevious("there is no git")
    before = commit(source)
    tree, deb = os.path.join(kept, before), os.path.join(kept, before + ".deb")
    if not os.path.exists(deb):
        shutil.rmtree(kept, True)
        os.makedirs(tree)
        git(source, "archive", "--output", tree + ".tar", before)
        subprocess.run(["tar", "-C", tree, "-xf", tree + ".tar"], check=True)
        os.unlink(tree + ".tar")
        built = subprocess.run(["cmake", "--workflow", "--preset", "package"], cwd=tree, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if built.returncode != 0:
            raise NoPrevious(f"{before} doesn't build here:\n{built.stdout}")
        os.rename(glob.glob(tree + "/build/package/touchvault_*.deb")[0], deb)
        shutil.rmtree(tree)
    return before, deb
