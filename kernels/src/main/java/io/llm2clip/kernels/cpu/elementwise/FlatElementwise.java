package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import io.llm2clip.kernels.operations.Expression;

/**
 * Elementwise over the output as one line: inputs that run along with it are read in place, scalars are repeated, any other is
 * gathered element by element into a block of scratch. Inputs and outputs of other types than f32 go through a block of scratch, too.
 */
final class FlatElementwise {
    private static final int BLOCK = 512;

    private final StridedLayout layout;
    private final ExpressionEvaluator evaluator;
    private final ElementwiseKernel.Operands operands;
    private final boolean[] scalar;
    private final boolean[] gathered;
    private final boolean anyGathered;
    private final boolean blocked;
    /** Whether elements that run along are only moved or converted, which takes no evaluation if one side is in scratch. */
    private final boolean moves;

    private final PerWorker<Block> blocks = new PerWorker<>(Block::new);

    FlatElementwise(StridedLayout layout, Expression expression, ElementwiseKernel.Operands operands) {
        this.layout = layout;
        this.operands = operands;
        int inputs = operands.inputs().length;
        scalar = new boolean[inputs];
        gathered = new boolean[inputs];
        boolean any = false;
        boolean converts = operands.convertsResult();
        for (int i = 0; i < inputs; i++) {
            boolean still = true;
            for (long stride : layout.strides()[i]) {
                still &= stride == 0;
            }
            scalar[i] = still;
            gathered[i] = !still && !(layout.dimensions() == 1 && layout.innerStride(i) == 1);
            any |= gathered[i];
            converts |= !operands.isWord(i);
        }
        anyGathered = any;
        blocked = any || converts;
        moves = expression.instructions().isEmpty() && !scalar[0];
        evaluator = new ExpressionEvaluator(expression, scalar);
    }

    Launch launch(Workers workers, int cost) {
        return Ranges.launch(workers, layout.elements(), anyGathered ? cost + 2 : cost, this::run);
    }

    private void run(long from, long to, int worker) {
        Block block = blocks.get(worker);
        long limit = blocked ? BLOCK : Integer.MAX_VALUE - BLOCK;
        for (long start = from; start < to; start += limit) {
            int count = (int) Math.min(limit, to - start);
            long out = operands.out() + start * operands.result().bytes();
            long lanes = operands.convertsResult() ? block.slot(scalar.length) : out;
            for (int i = 0; i < scalar.length; i++) {
                block.inputs[i] = input(i, start, count, moves ? lanes : block.slot(i), block);
            }
            if (!moves) {
                evaluator.evaluate(count, block.inputs, lanes, worker);
            } else if (operands.convertsResult()) {
                lanes = block.inputs[0];
            } else if (block.inputs[0] != lanes) {
                ElementFormat.WORD.load(block.inputs[0], count, lanes);
            }
            if (operands.convertsResult()) {
                operands.result().store(lanes, count, out);
            }
        }
        block.scratch.keepAlive();
    }

    /** Where the lanes of a block of an input are: in place if they can be, else in a slot of scratch, to which they are brought. */
    private long input(int input, long start, int count, long slot, Block block) {
        long source = operands.inputs()[input];
        ElementFormat format = operands.formats()[input];
        if (gathered[input]) {
            gather(input, start, count, slot, block);
            return slot;
        }
        source += scalar[input] ? 0 : start * format.bytes();
        if (operands.isWord(input)) {
            return source;
        }
        format.load(source, scalar[input] ? 1 : count, slot);
        return slot;
    }

    private void gather(int input, long start, int count, long target, Block block) {
        ElementFormat format = operands.formats()[input];
        long[] strides = layout.strides()[input];
        int[] shape = layout.shape();
        int inner = shape.length - 1;
        int[] position = block.position;
        long rest = start;
        long offset = 0;
        for (int d = inner; d >= 0; d--) {
            position[d] = (int) (rest % shape[d]);
            offset += position[d] * strides[d];
            rest /= shape[d];
        }
        for (int done = 0; done < count; ) {
            int run = Math.min(shape[inner] - position[inner], count - done);
            long source = operands.inputs()[input] + offset * format.bytes();
            format.gather(
                    source, strides[inner] * format.bytes(), run, target + (long) done * Float.BYTES, Float.BYTES);
            done += run;
            position[inner] += run;
            offset += run * strides[inner];
            for (int d = inner; d > 0 && position[d] == shape[d]; d--) {
                offset += strides[d - 1] - shape[d] * strides[d];
                position[d] = 0;
                position[d - 1]++;
            }
        }
    }

    private final class Block {
        /** A slot per input, and one for the result. */
        final Scratch scratch = new Scratch(blocked ? (scalar.length + 1L) * BLOCK * Float.BYTES : 0);

        final long[] inputs = new long[scalar.length];
        final int[] position = new int[layout.dimensions()];

        long slot(int operand) {
            return scratch.address() + (long) operand * BLOCK * Float.BYTES;
        }
    }
}
