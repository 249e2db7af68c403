package io.llm2clip.kernels.cpu.elementwise;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.cpu.machine.expression.ExpressionCall;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.operations.Expression;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates an {@link Expression} over contiguous elements: by machine code where there is some for it, or else interpreted at first, and by
 * generated code once the expression is hot, with the same bits. Safe for concurrent calls with different worker numbers.
 */
public final class ExpressionEvaluator {
    private final Expression expression;
    private final float[] literals;
    private final ExpressionShape shape;
    private final MachineExpressions.@Nullable Program machine;
    private final HotExpression hot;
    private final PerWorker<Worker> workers = new PerWorker<>(this::worker);

    /**
     * Prepares an expression.
     *
     * @param scalarInput for each input, whether it is one element for all
     */
    public ExpressionEvaluator(Expression expression, boolean[] scalarInput) {
        this.expression = expression;
        literals = ExpressionShape.literals(expression);
        shape = ExpressionShape.of(expression, scalarInput);
        machine = MachineExpressions.of(shape);
        hot = HotExpression.of(shape);
    }

    /**
     * Evaluates elements {@code 0 .. count-1}.
     *
     * @param count number of elements
     * @param inputs an f32 address an input; never modified
     * @param out address where the results go; may equal an input's address, but may not overlap one otherwise
     * @param worker number of the calling worker; calls with one number must not overlap
     */
    public void evaluate(int count, long[] inputs, long out, int worker) {
        workers.get(worker).evaluate(count, inputs, out);
    }

    /** Whether generated code has taken over. */
    boolean generated() {
        return hot.loop() != null;
    }

    /** What a worker evaluates with. */
    private interface Worker {
        void evaluate(int count, long[] inputs, long out);
    }

    private Worker worker() {
        return machine == null ? new Looping() : new Calling(machine);
    }

    /** By machine code. */
    private final class Calling implements Worker {
        private final MachineExpressions.Program program;
        private final Scratch call = new Scratch(ExpressionCall.BYTES);

        Calling(MachineExpressions.Program program) {
            this.program = program;
            ExpressionCall.prepare(call.address(), expression);
        }

        @Override
        public void evaluate(int count, long[] inputs, long out) {
            ExpressionCall.set(call.address(), program.width(), count, inputs, out);
            program.function().call(call.address());
            call.keepAlive();
        }
    }

    /** By the Vector API. */
    private final class Looping implements Worker {
        private final ExpressionInterpreter interpreter = new ExpressionInterpreter(shape);
        private final Scratch scratch = new Scratch((shape.inputs() + 1L) * BYTES);
        private final long[] padded = new long[shape.inputs()];

        @Override
        public void evaluate(int count, long[] inputs, long out) {
            ExpressionLoop loop = hot.loop();
            if (loop == null) {
                loop = interpreter;
                hot.evaluated(count);
            }
            int vectors = count / LANES;
            if (vectors > 0) {
                loop.run(vectors, inputs, literals, out);
            }
            if (vectors * LANES < count) {
                tail(loop, count - vectors * LANES, inputs, (long) vectors * BYTES, out);
            }
        }

        /** The last elements by way of whole vectors, so that the loops need no masks. */
        private void tail(ExpressionLoop loop, int size, long[] inputs, long offset, long out) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, size);
            long result = scratch.address();
            for (int i = 0; i < padded.length; i++) {
                padded[i] = shape.isUniform(i) ? inputs[i] : scratch.address() + (i + 1L) * BYTES;
                if (!shape.isUniform(i)) {
                    FloatVector.fromMemorySegment(SPECIES, ALL, inputs[i] + offset, ORDER, mask)
                            .intoMemorySegment(ALL, padded[i], ORDER);
                }
            }
            loop.run(1, padded, literals, result);
            FloatVector.fromMemorySegment(SPECIES, ALL, result, ORDER)
                    .intoMemorySegment(ALL, out + offset, ORDER, mask);
            scratch.keepAlive();
        }
    }
}
