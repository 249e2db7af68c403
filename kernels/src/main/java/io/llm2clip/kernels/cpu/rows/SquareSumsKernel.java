package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.List;

/** A task sums blocks, whichever inputs they are of. */
public final class SquareSumsKernel implements Launch {
    private final Workers workers;
    private final long[] sources;
    private final int[] counts;
    private final long out;

    public SquareSumsKernel(SquareSums op, long[] addresses, Workers workers) {
        this.workers = workers;
        List<Operand> operands = op.operands();
        int blocks = (int) operands.getLast().elements();
        sources = new long[blocks];
        counts = new int[blocks];
        out = addresses[addresses.length - 1];
        int block = 0;
        for (int i = 0; i < op.elements().size(); i++) {
            for (long start = 0; start < op.elements().get(i); start += SquareSums.BLOCK) {
                sources[block] = addresses[i] + start * Float.BYTES;
                counts[block++] = (int) Math.min(SquareSums.BLOCK, op.elements().get(i) - start);
            }
        }
    }

    @Override
    public void run() {
        Ranges.run(workers, sources.length, SquareSums.BLOCK, (from, to, worker) -> {
            for (int block = (int) from; block < to; block++) {
                float sum = RowMath.sumOfSquares(sources[block], 0, counts[block]);
                Memory.putFloat(out + (long) block * Float.BYTES, sum);
            }
        });
    }
}
