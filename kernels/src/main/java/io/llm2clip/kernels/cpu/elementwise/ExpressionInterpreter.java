package io.llm2clip.kernels.cpu.elementwise;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates an expression a block at a time that fits the first-level cache: one loop an instruction, inputs read where they are,
 * the last result written where it belongs. Values that are the same for all elements are kept as one vector.
 *
 * <p>All expressions share these few loops, so they are fast soon after the start. Not for several threads at a time.
 */
final class ExpressionInterpreter implements ExpressionLoop {
    /** Elements evaluated at a time. */
    private static final int BLOCK = 512;

    private static final int VECTORS = BLOCK / LANES;

    private final ExpressionShape shape;
    /** Per value, where it lives in the scratch memory: one vector for uniform values and inputs, a block for the others. */
    private final long[] offsets;

    private final Scratch scratch;
    private final long[] address;
    private final long[] step;
    /** The literals that the constants' vectors hold. */
    private float @Nullable [] broadcast;

    ExpressionInterpreter(ExpressionShape shape) {
        this.shape = shape;
        offsets = new long[shape.values()];
        scratch = new Scratch(allocate());
        address = new long[shape.values()];
        step = new long[shape.values()];
        for (int value = 0; value < address.length; value++) {
            address[value] = scratch.address() + offsets[value];
            step[value] = shape.isUniform(value) ? 0 : BYTES;
        }
    }

    @Override
    public void run(int vectors, long[] inputs, float[] literals, long out) {
        for (int i = 0; i < inputs.length; i++) {
            if (shape.isUniform(i)) {
                broadcast(Memory.getFloat(inputs[i]), address[i]);
            }
        }
        if (literals != broadcast) {
            broadcastConstants(literals);
        }
        for (int start = 0; start < vectors; start += VECTORS) {
            long offset = (long) start * BYTES;
            for (int i = 0; i < inputs.length; i++) {
                if (!shape.isUniform(i)) {
                    address[i] = inputs[i] + offset;
                }
            }
            run(Math.min(VECTORS, vectors - start), out + offset);
        }
        scratch.keepAlive();
    }

    /** Not at every call, as calls may be for short rows. */
    private void broadcastConstants(float[] literals) {
        for (int value = shape.inputs(); value < address.length; value++) {
            if (shape.instruction(value).opcode() == Opcode.CONSTANT) {
                broadcast(literals[value - shape.inputs()], address[value]);
            }
        }
        broadcast = literals;
    }

    private static void broadcast(float value, long target) {
        FloatVector.broadcast(SPECIES, value).intoMemorySegment(ALL, target, ORDER);
    }

    private void run(int vectors, long out) {
        int last = address.length - 1;
        for (int value = shape.inputs(); value <= last; value++) {
            Instruction instruction = shape.instruction(value);
            Opcode opcode = instruction.opcode();
            if (opcode == Opcode.CONSTANT) {
                continue;
            }
            int a = instruction.a();
            int b = opcode.arity() > 1 ? instruction.b() : a;
            int c = opcode.arity() > 2 ? instruction.c() : a;
            boolean uniform = shape.isUniform(value);
            ExpressionLoops.run(
                    opcode,
                    uniform ? 1 : vectors,
                    address[a],
                    step[a],
                    address[b],
                    step[b],
                    address[c],
                    step[c],
                    value == last && !uniform ? out : address[value]);
        }
        if (last < shape.inputs() || shape.isUniform(last)) {
            ExpressionLoops.copy(vectors, address[last], step[last], out);
        }
    }

    /** Places the values so that blocks no longer needed are used again; returns the bytes needed. */
    private long allocate() {
        int[] lastUse = new int[offsets.length];
        for (int value = shape.inputs(); value < offsets.length; value++) {
            for (int operand : shape.instruction(value).operands()) {
                lastUse[operand] = value;
            }
        }
        long end = 0;
        Deque<Long> free = new ArrayDeque<>();
        for (int value = 0; value < offsets.length; value++) {
            boolean block = isBlock(value);
            if (block && !free.isEmpty()) {
                offsets[value] = free.pop();
            } else {
                offsets[value] = end;
                end += block ? (long) VECTORS * BYTES : BYTES;
            }
            if (value >= shape.inputs()) {
                // Only now: a result must not overwrite an operand whose next vectors are still read.
                for (int operand : Arrays.stream(shape.instruction(value).operands())
                        .distinct()
                        .toArray()) {
                    if (isBlock(operand) && lastUse[operand] == value) {
                        free.push(offsets[operand]);
                    }
                }
            }
        }
        return end;
    }

    private boolean isBlock(int value) {
        return value >= shape.inputs() && !shape.isUniform(value);
    }
}
