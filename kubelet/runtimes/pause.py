"""The pause program: the process that holds a pod's namespaces, written here byte by byte.

Mirrors build/pause/linux/pause.c: as pid 1 of the pod it reaps orphans (with a shared process namespace it inherits
every one of them) and exits on SIGTERM or SIGINT. Upstream compiles it and ships an image; we write the ELF file
ourselves, so that no compiler and no registry is needed, and a reader can follow every byte.

How it works, in C:

    sigset_t all = ~0;
    rt_sigprocmask(SIG_BLOCK, &all, NULL, 8);     // blocked signals are queued, even for pid 1
    for (;;) {
        int s = rt_sigtimedwait(&all, NULL, NULL, 8);
        if (s == SIGCHLD) while (wait4(-1, NULL, WNOHANG, NULL) > 0) ;
        else if (s == SIGTERM || s == SIGINT) exit(0);
    }

The file is one ELF header, one program header (everything loaded read+execute at 0x400000), then the code.
"""

from __future__ import annotations

import io
import json
import platform
import struct
import tarfile

BASE = 0x400000
ELF_HEADER_SIZE, PROGRAM_HEADER_SIZE = 64, 56
EM_X86_64, EM_AARCH64 = 62, 183

# Each line is an instruction: a label of its own or "", its bytes, and for jumps the label it goes to.
Line = tuple[str, str, str]

# x86-64: system call number in rax, arguments in rdi, rsi, rdx, r10. Short jumps: opcode, then a signed byte.
X86_64: list[Line] = [
    ("", "6a ff", ""),              # push -1                   the set of all signals, on the stack
    ("", "48 89 e6", ""),           # mov  rsi, rsp             set
    ("", "31 ff", ""),              # xor  edi, edi             SIG_BLOCK = 0
    ("", "31 d2", ""),              # xor  edx, edx             old set: NULL
    ("", "6a 08 41 5a", ""),        # push 8; pop r10           size of a set
    ("", "6a 0e 58", ""),           # push 14; pop rax          rt_sigprocmask
    ("", "0f 05", ""),              # syscall
    ("wait", "48 89 e7", ""),       # mov  rdi, rsp             set
    ("", "31 f6", ""),              # xor  esi, esi             info: NULL
    ("", "31 d2", ""),              # xor  edx, edx             timeout: NULL
    ("", "6a 08 41 5a", ""),        # push 8; pop r10
    ("", "b8 80 00 00 00", ""),     # mov  eax, 128             rt_sigtimedwait
    ("", "0f 05", ""),              # syscall
    ("", "83 f8 11", ""),           # cmp  eax, 17              SIGCHLD
    ("", "74", "reap"),             # je   reap
    ("", "83 f8 0f", ""),           # cmp  eax, 15              SIGTERM
    ("", "74", "exit"),             # je   exit
    ("", "83 f8 02", ""),           # cmp  eax, 2               SIGINT
    ("", "75", "wait"),             # jne  wait
    ("exit", "31 ff", ""),          # xor  edi, edi             status 0
    ("", "6a 3c 58", ""),           # push 60; pop rax          exit
    ("", "0f 05", ""),              # syscall
    ("reap", "6a ff 5f", ""),       # push -1; pop rdi          any child
    ("", "31 f6", ""),              # xor  esi, esi             status: NULL
    ("", "6a 01 5a", ""),           # push 1; pop rdx           WNOHANG
    ("", "45 31 d2", ""),           # xor  r10d, r10d           rusage: NULL
    ("", "6a 3d 58", ""),           # push 61; pop rax          wait4
    ("", "0f 05", ""),              # syscall
    ("", "85 c0", ""),              # test eax, eax
    ("", "7f", "reap"),             # jg   reap                 one more may be dead
    ("", "eb", "wait"),             # jmp  wait
]  # fmt: skip

# aarch64: system call number in x8, arguments in x0 to x3. Words are little-endian; branches carry a word offset.
AARCH64: list[Line] = [
    ("", "d10043ff", ""),           # sub  sp, sp, #16
    ("", "92800000", ""),           # mov  x0, #-1
    ("", "f90003e0", ""),           # str  x0, [sp]             the set of all signals
    ("", "d2800000", ""),           # mov  x0, #0               SIG_BLOCK
    ("", "910003e1", ""),           # mov  x1, sp
    ("", "d2800002", ""),           # mov  x2, #0
    ("", "d2800103", ""),           # mov  x3, #8
    ("", "d28010e8", ""),           # mov  x8, #135             rt_sigprocmask
    ("", "d4000001", ""),           # svc  #0
    ("wait", "910003e0", ""),       # mov  x0, sp
    ("", "d2800001", ""),           # mov  x1, #0
    ("", "d2800002", ""),           # mov  x2, #0
    ("", "d2800103", ""),           # mov  x3, #8
    ("", "d2801128", ""),           # mov  x8, #137             rt_sigtimedwait
    ("", "d4000001", ""),           # svc  #0
    ("", "7100441f", ""),           # cmp  w0, #17              SIGCHLD
    ("", "54000000", "reap"),       # b.eq reap
    ("", "71003c1f", ""),           # cmp  w0, #15              SIGTERM
    ("", "54000000", "exit"),       # b.eq exit
    ("", "7100081f", ""),           # cmp  w0, #2               SIGINT
    ("", "54000001", "wait"),       # b.ne wait
    ("exit", "d2800000", ""),       # mov  x0, #0
    ("", "d2800ba8", ""),           # mov  x8, #93              exit
    ("", "d4000001", ""),           # svc  #0
    ("reap", "92800000", ""),       # mov  x0, #-1
    ("", "d2800001", ""),           # mov  x1, #0
    ("", "d2800022", ""),           # mov  x2, #1               WNOHANG
    ("", "d2800003", ""),           # mov  x3, #0
    ("", "d2802088", ""),           # mov  x8, #260             wait4
    ("", "d4000001", ""),           # svc  #0
    ("", "7100001f", ""),           # cmp  w0, #0
    ("", "5400000c", "reap"),       # b.gt reap
    ("", "14000000", "wait"),       # b    wait
]  # fmt: skip


def assemble_x86_64(lines: list[Line] = X86_64) -> bytes:
    """Machine code; a jump is its opcode and the distance from the next instruction as a signed byte."""
    sizes = [len(bytes.fromhex(code)) + (1 if target else 0) for _, code, target in lines]
    labels = {label: sum(sizes[:i]) for i, (label, _, _) in enumerate(lines) if label}
    out = bytearray()
    for (_, code, target), size in zip(lines, sizes, strict=True):
        here = len(out) + size
        out += bytes.fromhex(code)
        if target:
            out += struct.pack("<b", labels[target] - here)
    return bytes(out)


def assemble_aarch64(lines: list[Line] = AARCH64) -> bytes:
    """Machine code; a branch holds the distance from itself in words: 26 bits for `b`, 19 bits (shifted by 5) for
    `b.cond`."""
    labels = {label: i for i, (label, _, _) in enumerate(lines) if label}
    out = bytearray()
    for i, (_, code, target) in enumerate(lines):
        word = int(code, 16)
        if target:
            distance = labels[target] - i
            word |= distance & 0x3FFFFFF if word == 0x14000000 else (distance & 0x7FFFF) << 5
        out += struct.pack("<I", word)
    return bytes(out)


def build_elf(machine: str = "") -> bytes:
    """The executable for `machine` ("x86_64" | "aarch64"; "": this one)."""
    machine = machine or platform.machine()
    if machine in ("x86_64", "AMD64"):
        number, code = EM_X86_64, assemble_x86_64()
    elif machine in ("aarch64", "arm64"):
        number, code = EM_AARCH64, assemble_aarch64()
    else:
        raise ValueError(f"no pause program for {machine!r}: the machines known are x86_64 and aarch64")
    start = ELF_HEADER_SIZE + PROGRAM_HEADER_SIZE
    size = start + len(code)
    header = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)  # 64 bit, little-endian, version 1, System V
    header += struct.pack(
        "<HHIQQQIHHHHHH",
        2,  # e_type: an executable
        number,  # e_machine
        1,  # e_version
        BASE + start,  # e_entry
        ELF_HEADER_SIZE,  # e_phoff: the program header follows at once
        0,  # e_shoff: no sections
        0,  # e_flags
        ELF_HEADER_SIZE,
        PROGRAM_HEADER_SIZE,
        1,  # e_phnum
        64,  # e_shentsize
        0,  # e_shnum
        0,  # e_shstrndx
    )
    # PT_LOAD, read + execute, file offset 0, virtual and physical address, sizes in file and memory, alignment
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000)
    return header + program + code


def build_root_tar(machine: str = "") -> bytes:
    """A root file system with /pause and nothing else, for `docker import`."""
    program = build_elf(machine)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("pause")
        info.size, info.mode = len(program), 0o755
        tar.addfile(info, io.BytesIO(program))
    return out.getvalue()


def image_changes() -> list[str]:
    """What `docker import --change` makes of it."""
    return [f"ENTRYPOINT {json.dumps(['/pause'])}", "LABEL minik8s.io/image=pause"]
