package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Concat;
import java.lang.foreign.MemorySegment;

/** Joins blocks by copying them. */
public final class ConcatKernel {

    private ConcatKernel() {}

    public static Launch bind(Concat op, long[] addresses, Workers workers) {
        long[] bytes = op.inner().stream()
                .mapToLong(inner -> (long) inner * op.dtype().bytes())
                .toArray();
        long total = 0;
        for (long size : bytes) {
            total += size;
        }
        long outBytes = total;
        return Ranges.launch(workers, op.outer(), outBytes / op.dtype().bytes(), (from, to, worker) -> {
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
