package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Memory.ALL;
import static io.llm2clip.kernels.vector.VectorMath.SPECIES;
import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.ORDER;

import io.llm2clip.kernels.Expression;
import io.llm2clip.kernels.Expression.Instruction;
import io.llm2clip.kernels.Opcode;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Evaluates an {@link Expression} over contiguous elements, a block at a time that fits the first-level cache: one loop an
 * instruction, inputs read where they are, the last result written where it belongs.
 *
 * <p>Values that are the same for all elements (scalar inputs, constants and what is computed from them) are kept as one
 * vector. Safe for concurrent calls with different worker numbers.
 */
public final class ExpressionEvaluator {
    /** Elements evaluated at a time. */
    private static final int BLOCK = 512;

    private final int inputs;
    private final Instruction[] instructions;
    /** Per value, where it lives in a worker's scratch: one vector for inputs and constants, a block for the others. */
    private final long[] offsets;

    private final long scratchBytes;
    private final PerWorker<Registers> registers = new PerWorker<>(Registers::new);

    public ExpressionEvaluator(Expression expression) {
        inputs = expression.inputs();
        instructions = expression.instructions().toArray(Instruction[]::new);
        offsets = new long[inputs + instructions.length];
        scratchBytes = allocate(expression.instructions());
    }

    /**
     * Evaluates elements {@code 0 .. count-1}.
     *
     * @param count number of elements
     * @param inputAddresses an f32 address an input; never modified
     * @param scalarInput whether an input is one element for all
     * @param outAddress where the results go; may equal an input's address, but may not overlap one otherwise
     * @param worker number of the calling worker; calls with one number must not overlap
     */
    public void evaluate(int count, long[] inputAddresses, boolean[] scalarInput, long outAddress, int worker) {
        Registers r = registers.get(worker);
        for (int i = 0; i < inputs; i++) {
            r.step[i] = scalarInput[i] ? 0 : BYTES;
            if (scalarInput[i]) {
                r.address[i] = r.base + offsets[i];
                FloatVector.broadcast(SPECIES, Memory.getFloat(inputAddresses[i]))
                        .intoMemorySegment(ALL, r.address[i], ORDER);
            }
        }
        for (int start = 0; start < count; start += BLOCK) {
            int size = Math.min(BLOCK, count - start);
            int vectors = size / LANES;
            long offset = (long) start * Float.BYTES;
            if (vectors > 0) {
                for (int i = 0; i < inputs; i++) {
                    if (!scalarInput[i]) {
                        r.address[i] = inputAddresses[i] + offset;
                    }
                }
                run(r, vectors, outAddress + offset);
            }
            if (vectors * LANES < size) {
                tail(
                        r,
                        size - vectors * LANES,
                        inputAddresses,
                        scalarInput,
                        offset + (long) vectors * BYTES,
                        outAddress);
            }
        }
        r.scratch.keepAlive();
    }

    /** The last elements by way of whole vectors in scratch, so that the loops need no masks. */
    private void tail(
            Registers r, int size, long[] inputAddresses, boolean[] scalarInput, long offset, long outAddress) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, size);
        for (int i = 0; i < inputs; i++) {
            if (!scalarInput[i]) {
                r.address[i] = r.base + offsets[i];
                FloatVector.fromMemorySegment(SPECIES, ALL, inputAddresses[i] + offset, ORDER, mask)
                        .intoMemorySegment(ALL, r.address[i], ORDER);
            }
        }
        run(r, 1, r.result);
        FloatVector.fromMemorySegment(SPECIES, ALL, r.result, ORDER)
                .intoMemorySegment(ALL, outAddress + offset, ORDER, mask);
    }

    private void run(Registers r, int vectors, long out) {
        long[] address = r.address;
        long[] step = r.step;
        int last = offsets.length - 1;
        for (int value = inputs; value <= last; value++) {
            Instruction instruction = instructions[value - inputs];
            Opcode opcode = instruction.opcode();
            if (opcode == Opcode.CONSTANT) {
                continue;
            }
            int a = instruction.a();
            int b = opcode.arity() > 1 ? instruction.b() : a;
            int c = opcode.arity() > 2 ? instruction.c() : a;
            boolean uniform = (step[a] | step[b] | step[c]) == 0;
            step[value] = uniform ? 0 : BYTES;
            long target = value == last && !uniform ? out : r.base + offsets[value];
            address[value] = target;
            ExpressionLoops.run(
                    opcode,
                    uniform ? 1 : vectors,
                    address[a],
                    step[a],
                    address[b],
                    step[b],
                    address[c],
                    step[c],
                    target);
        }
        if (instructions.length == 0 || step[last] == 0) {
            ExpressionLoops.copy(vectors, address[last], step[last], out);
        }
    }

    /** Places the values so that blocks no longer needed are used again; returns the bytes needed. */
    private long allocate(List<Instruction> program) {
        int[] lastUse = new int[offsets.length];
        for (int i = 0; i < program.size(); i++) {
            for (int operand : operands(program.get(i))) {
                lastUse[operand] = inputs + i;
            }
        }
        long end = BYTES; // the first vector holds the result of a tail
        for (int i = 0; i < inputs; i++, end += BYTES) {
            offsets[i] = end;
        }
        Deque<Long> free = new ArrayDeque<>();
        for (int value = inputs; value < offsets.length; value++) {
            Instruction instruction = program.get(value - inputs);
            boolean constant = instruction.opcode() == Opcode.CONSTANT;
            if (constant || free.isEmpty()) {
                offsets[value] = end;
                end += constant ? BYTES : (long) BLOCK * Float.BYTES;
            } else {
                offsets[value] = free.pop();
            }
            // Only now: a result must not overwrite an operand of step 0 that its next vectors still read.
            for (int operand : Arrays.stream(operands(instruction)).distinct().toArray()) {
                boolean block = operand >= inputs && instructions[operand - inputs].opcode() != Opcode.CONSTANT;
                if (block && lastUse[operand] == value) {
                    free.push(offsets[operand]);
                }
            }
        }
        return end;
    }

    private static int[] operands(Instruction instruction) {
        return Arrays.copyOf(
                new int[] {instruction.a(), instruction.b(), instruction.c()},
                instruction.opcode().arity());
    }

    /** One worker's scratch memory, and where each value is during a run. */
    private final class Registers {
        final Scratch scratch = new Scratch(scratchBytes);
        final long base = scratch.address();
        final long result = base;
        final long[] address = new long[offsets.length];
        final long[] step = new long[offsets.length];

        Registers() {
            for (int i = 0; i < instructions.length; i++) {
                if (instructions[i].opcode() == Opcode.CONSTANT) {
                    address[inputs + i] = base + offsets[inputs + i];
                    FloatVector value = FloatVector.broadcast(SPECIES, instructions[i].literal());
                    value.intoMemorySegment(ALL, address[inputs + i], ORDER);
                }
            }
        }
    }
}
