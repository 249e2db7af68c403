package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What a CPU says about itself. */
interface Cpuid {
    /**
     * The answers of {@code CPUID}.
     *
     * @param eax what is asked, or the last that may be asked of a CPU for 0
     */
    record Leaf(int eax, int ebx, int ecx, int edx) {}

    Leaf leaf(int leaf, int subleaf);

    /** Register state that the operating system saves, {@code XCR0}; only where {@code CPUID} says that it can be read. */
    long savedState();

    /** This CPU. */
    static Cpuid of(CodeSpace space) {
        MachineFunction cpuid = space.install("cpuid", cpuidCode());
        MachineFunction xgetbv = space.install("xgetbv", xgetbvCode());
        return new Cpuid() {
            @Override
            public Leaf leaf(int leaf, int subleaf) {
                int[] answer = ask(cpuid, leaf, subleaf);
                return new Leaf(answer[0], answer[1], answer[2], answer[3]);
            }

            @Override
            public long savedState() {
                int[] answer = ask(xgetbv, 0, 0);
                return (long) answer[3] << Integer.SIZE | Integer.toUnsignedLong(answer[0]);
            }
        };
    }

    private static int[] ask(MachineFunction function, int a, int c) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(32, 8);
            block.setAtIndex(ValueLayout.JAVA_LONG, 0, a);
            block.setAtIndex(ValueLayout.JAVA_LONG, 1, c);
            function.call(block.address());
            return block.asSlice(16).toArray(ValueLayout.JAVA_INT);
        }
    }

    /** Of a block of EAX and ECX, 8 bytes each, and EAX, EBX, ECX and EDX of the answer, 4 bytes each. */
    private static byte[] cpuidCode() {
        Assembler a = new Assembler();
        a.push(Gpr.RBX);
        a.mov(Gpr.R8, Gpr.RDI);
        a.mov(Gpr.RAX, at(Gpr.R8, 0));
        a.mov(Gpr.RCX, at(Gpr.R8, 8));
        a.cpuid();
        a.mov32(at(Gpr.R8, 16), Gpr.RAX);
        a.mov32(at(Gpr.R8, 20), Gpr.RBX);
        a.mov32(at(Gpr.R8, 24), Gpr.RCX);
        a.mov32(at(Gpr.R8, 28), Gpr.RDX);
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }

    private static byte[] xgetbvCode() {
        Assembler a = new Assembler();
        a.mov(Gpr.RCX, at(Gpr.RDI, 8));
        a.xgetbv();
        a.mov32(at(Gpr.RDI, 16), Gpr.RAX);
        a.mov32(at(Gpr.RDI, 28), Gpr.RDX);
        a.ret();
        return a.code();
    }
}
