package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.reference.StoredElements;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Work on the elements of parameters, in pieces that threads share. */
final class Elements {
    /** Enough to be worth a task, few enough that the last one does not keep the others waiting. */
    private static final long PIECE = 1 << 18;

    private Elements() {}

    /** Work on elements {@code first .. end-1}. */
    @FunctionalInterface
    interface Range {
        void run(long first, long end);
    }

    /** Work that was cut to pieces, of one tensor or several; results must not depend on their order. */
    static final class Pieces {
        private final List<Runnable> pieces = new ArrayList<>();

        /** All elements of a tensor. */
        void add(long elements, Range work) {
            add(elements, work, () -> {});
        }

        /** All elements of a tensor, and something to do after the last of them. */
        void add(long elements, Range work, Runnable then) {
            add(elements, 1, work, then);
        }

        /** The same in pieces of whole grains, but for the last. */
        void add(long elements, long grain, Range work, Runnable then) {
            long piece = Math.max(1, PIECE / grain) * grain;
            AtomicLong left = new AtomicLong(Math.ceilDiv(elements, piece));
            for (long first = 0; first < elements; first += piece) {
                long begin = first;
                pieces.add(() -> {
                    work.run(begin, Math.min(elements, begin + piece));
                    if (left.decrementAndGet() == 0) {
                        then.run();
                    }
                });
            }
        }

        void run() {
            run(Workers.shared());
        }

        void run(Workers workers) {
            workers.parallel(pieces.size(), (piece, _) -> pieces.get(piece).run());
        }
    }

    /** What writes elements {@code first .. end-1} to memory for just these. */
    @FunctionalInterface
    interface Writer {
        void write(MemorySegment target, long first, long end);
    }

    /** Writes values as f32. */
    static Writer floats(Initializer.Values values) {
        return (target, first, end) -> {
            for (long i = first; i < end; i++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, i - first, values.get(i));
            }
        };
    }

    /** The elements as floats of native byte order, in memory that the garbage collector frees. */
    static TensorData expand(TensorData data) {
        TensorData floats = TensorData.allocate(data.shape(), DType.F32);
        MemorySegment target = floats.segment();
        data.read(rows -> {
            StoredElements stored = new StoredElements(data.dtype(), rows);
            Pieces pieces = new Pieces();
            pieces.add(data.shape().size(), (first, end) -> expand(stored, first, end, slice(target, first, end)));
            pieces.run();
        });
        return floats;
    }

    /** Hashes elements as floats of native byte order. */
    static void digest(TensorData data, MessageDigest digest) {
        data.read(rows -> {
            StoredElements stored = new StoredElements(data.dtype(), rows);
            long elements = data.shape().size();
            ByteBuffer floats = ByteBuffer.allocateDirect(Float.BYTES * (int) Math.min(PIECE, elements));
            for (long first = 0; first < elements; first += PIECE) {
                long end = Math.min(elements, first + PIECE);
                floats.clear().limit((int) (end - first) * Float.BYTES);
                expand(stored, first, end, MemorySegment.ofBuffer(floats));
                digest.update(floats);
            }
        });
        // Otherwise a large mapped file would look like memory that is in use.
        data.unload();
    }

    private static void expand(StoredElements stored, long first, long end, MemorySegment floats) {
        if (stored.format() == DType.F32) {
            floats.copyFrom(slice(stored.segment(), first, end));
        } else {
            for (long i = first; i < end; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i - first, stored.get(i));
            }
        }
    }

    /** Floats {@code first .. end-1}. */
    static MemorySegment slice(MemorySegment floats, long first, long end) {
        return floats.asSlice(first * Float.BYTES, (end - first) * Float.BYTES);
    }

    /** Rounds floats to a type of 16 bits, to nearest, ties to even; NaN stays NaN. */
    static void round(float[] floats, DType type, ByteOrder order, MemorySegment halves) {
        ValueLayout.OfShort layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
        for (int i = 0; i < floats.length; i++) {
            short half = type == DType.F16 ? Float.floatToFloat16(floats[i]) : toBfloat16(floats[i]);
            halves.setAtIndex(layout, i, half);
        }
    }

    private static short toBfloat16(float value) {
        int bits = Float.floatToIntBits(value);
        // The carry of a mantissa of ones goes into the exponent, of the largest numbers to infinity.
        return (short) (Float.isNaN(value) ? bits >>> 16 : bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
