package io.llm2clip.testkit;

import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/** Off-heap memory for a run of an operation: between guard bytes, at addresses that are aligned to the elements only. */
final class OperandMemory {
    /** What results hold before a first run: NaN in floats. */
    static final byte NEVER_WRITTEN = (byte) 0xFF;
    /** What they hold before another run: what still holds both was not written, and what NaN was added to is not what this was added to. */
    static final byte NEVER_WRITTEN_AGAIN = 0x3C;

    private static final int GUARD = 128;
    private static final byte GUARD_BYTE = 0x5A;
    private static final int CACHE_LINE = 64;

    private final List<Operand> operands;
    private final MemorySegment[] guarded;
    private final MemorySegment[] segments;

    private OperandMemory(List<Operand> operands, Arena arena) {
        this.operands = operands;
        guarded = new MemorySegment[operands.size()];
        segments = new MemorySegment[operands.size()];
        for (int i = 0; i < segments.length; i++) {
            Operand operand = operands.get(i);
            long start = GUARD + (long) (i % 3) * operand.dtype().alignment();
            guarded[i] =
                    arena.allocate(start + operand.bytes() + GUARD, CACHE_LINE).fill(GUARD_BYTE);
            segments[i] = guarded[i].asSlice(start, operand.bytes()).fill(NEVER_WRITTEN);
        }
    }

    /** With drawn inputs and variables. */
    static OperandMemory draw(
            KernelOp op, Arena arena, long seed, Map<String, ToDoubleFunction<RandomGenerator>> values) {
        OperandMemory memory = new OperandMemory(op.operands(), arena);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < memory.segments.length; i++) {
            Operand operand = memory.operands.get(i);
            if (operand.access() != Operand.Access.WRITE) {
                OperandValues.fill(operand, memory.segments[i], random, values.get(operand.name()));
            }
        }
        return memory;
    }

    /** Memory of its own with the same inputs and variables. */
    OperandMemory copy(Arena arena, byte results) {
        OperandMemory copy = new OperandMemory(operands, arena);
        copy.reset(this, results);
        return copy;
    }

    /** A copy of all that it holds now. */
    OperandMemory snapshot(Arena arena) {
        OperandMemory copy = new OperandMemory(operands, arena);
        for (int i = 0; i < segments.length; i++) {
            copy.segments[i].copyFrom(segments[i]);
        }
        return copy;
    }

    /** Makes inputs and variables those of another one. */
    void reset(OperandMemory drawn, byte results) {
        for (int i = 0; i < segments.length; i++) {
            if (operands.get(i).access() == Operand.Access.WRITE) {
                segments[i].fill(results);
            } else {
                segments[i].copyFrom(drawn.segments[i]);
            }
        }
    }

    /** A segment per operand, of exactly its size; inputs cannot be written. */
    MemorySegment[] segments() {
        MemorySegment[] exact = new MemorySegment[segments.length];
        for (int i = 0; i < segments.length; i++) {
            exact[i] = operands.get(i).within(segments[i]);
        }
        return exact;
    }

    MemorySegment segment(int operand) {
        return segments[operand];
    }

    /** An address per operand. */
    long[] addresses() {
        long[] addresses = new long[segments.length];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = segments[i].address();
        }
        return addresses;
    }

    List<Operand> operands() {
        return operands;
    }

    /** Says what was written that nobody may write: an input of another one, or what is beside an operand. */
    Optional<String> trespass(OperandMemory drawn) {
        for (int i = 0; i < segments.length; i++) {
            Operand operand = operands.get(i);
            long changed = segments[i].mismatch(drawn.segments[i]);
            if (operand.access() == Operand.Access.READ && changed >= 0) {
                int block = operand.dtype().blockSize();
                return Optional.of("writes to " + operand.name() + "["
                        + changed / operand.dtype().bytes(block) * block + "], an input; write to results only");
            }
            long start = segments[i].address() - guarded[i].address();
            for (long at = 0; at < guarded[i].byteSize(); at++) {
                boolean inside = at >= start && at < start + operand.bytes();
                if (!inside && guarded[i].get(ValueLayout.JAVA_BYTE, at) != GUARD_BYTE) {
                    return Optional.of("writes out of bounds of '" + operand.name() + "', to byte " + (at - start)
                            + " of its " + operand.bytes() + "; guard the access or correct the index");
                }
            }
        }
        return Optional.empty();
    }
}
