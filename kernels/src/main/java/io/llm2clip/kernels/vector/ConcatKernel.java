package io.llm2clip.kernels.vector;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import java.lang.foreign.MemorySegment;

/** Joins blocks by copying them. */
final class ConcatKernel {

    private ConcatKernel() {}

    static Launch bind(KernelOp.Concat op, long[] addresses, Workers workers) {
        long[] bytes = op.inner().stream()
                .mapToLong(inner -> (long) inner * Float.BYTES)
                .toArray();
        long total = 0;
        for (long size : bytes) {
            total += size;
        }
        long outBytes = total;
        return Ranges.launch(workers, op.outer(), outBytes / Float.BYTES, (from, to, worker) -> {
            for (long outer = from; outer < to; outer++) {
                long target = addresses[bytes.length] + outer * outBytes;
                for (int i = 0; i < bytes.length; i++) {
                    MemorySegment.copy(Memory.ALL, addresses[i] + outer * bytes[i], Memory.ALL, target, bytes[i]);
                    target += bytes[i];
                }
            }
        });
    }
}
