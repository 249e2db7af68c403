package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Expression;

/**
 * Elementwise over the output as one line: inputs that run along with it are read in place, scalars are repeated, any other is
 * gathered element by element into a block of scratch.
 */
final class FlatElementwise {
    private static final int BLOCK = 512;

    private final StridedLayout layout;
    private final ExpressionEvaluator evaluator;
    private final long[] addresses;
    private final boolean[] scalar;
    private final boolean[] gathered;
    private final boolean anyGathered;
    private final PerWorker<Block> blocks = new PerWorker<>(Block::new);

    FlatElementwise(StridedLayout layout, Expression expression, long[] addresses) {
        this.layout = layout;
        this.addresses = addresses.clone();
        int inputs = addresses.length - 1;
        scalar = new boolean[inputs];
        gathered = new boolean[inputs];
        boolean any = false;
        for (int i = 0; i < inputs; i++) {
            boolean still = true;
            for (long stride : layout.strides()[i]) {
                still &= stride == 0;
            }
            scalar[i] = still;
            gathered[i] = !still && !(layout.dimensions() == 1 && layout.innerStride(i) == 1);
            any |= gathered[i];
        }
        anyGathered = any;
        evaluator = new ExpressionEvaluator(expression, scalar);
    }

    Launch launch(Workers workers, int cost) {
        return Ranges.launch(workers, layout.elements(), anyGathered ? cost + 2 : cost, this::run);
    }

    private void run(long from, long to, int worker) {
        Block block = blocks.get(worker);
        long limit = anyGathered ? BLOCK : Integer.MAX_VALUE - BLOCK;
        for (long start = from; start < to; start += limit) {
            int count = (int) Math.min(limit, to - start);
            for (int i = 0; i < scalar.length; i++) {
                block.inputs[i] = addresses[i];
                if (gathered[i]) {
                    block.inputs[i] = block.scratch.address() + (long) i * BLOCK * Float.BYTES;
                    gather(i, start, count, block);
                } else if (!scalar[i]) {
                    block.inputs[i] += start * Float.BYTES;
                }
            }
            long out = addresses[scalar.length] + start * Float.BYTES;
            evaluator.evaluate(count, block.inputs, out, worker);
        }
        block.scratch.keepAlive();
    }

    private void gather(int input, long start, int count, Block block) {
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
        long target = block.inputs[input];
        for (int done = 0; done < count; ) {
            int run = Math.min(shape[inner] - position[inner], count - done);
            long source = addresses[input] + offset * Float.BYTES;
            long step = strides[inner] * Float.BYTES;
            for (int i = 0; i < run; i++, source += step, target += Float.BYTES) {
                Memory.putFloat(target, Memory.getFloat(source));
            }
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
        final Scratch scratch = new Scratch(anyGathered ? (long) scalar.length * BLOCK * Float.BYTES : 0);
        final long[] inputs = new long[scalar.length];
        final int[] position = new int[layout.dimensions()];
    }
}
