package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.machine.Ymm;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * The queries of a block that see a key, where each sees one more than the query before it. For vectors of 512 bits a table has a bit for each
 * query, for those of 256 bits lanes of zeros and then of ones, from which each key takes its own.
 */
final class SeenLanes {
    /** Room for the table of either width. */
    static final int BYTES = 384;

    private static final Mask SEEN = new Mask(1);

    private final Assembler a;
    private final VectorWidth width;
    private final Gpr key;

    /** @param key has the address of a key's lanes */
    SeenLanes(Assembler a, VectorWidth width, Gpr key) {
        this.a = a;
        this.width = width;
        this.key = key;
    }

    static void write(long table, VectorWidth width) {
        int queries = BlockShape.most(width);
        switch (width) {
            case AVX512 -> {
                for (int behind = 0; behind < queries; behind++) {
                    BlockCall.set(table, behind * Long.BYTES, -1L << behind);
                }
            }
            case AVX2 -> {
                for (int lane = 0; lane < 2 * queries; lane++) {
                    ALL.set(JAVA_INT, table + (long) lane * Integer.BYTES, lane < queries ? 0 : -1);
                }
            }
        }
    }

    /** The address of the lanes of a key that so many queries do not see. */
    static long address(long table, VectorWidth width, long behind) {
        return switch (width) {
            case AVX512 -> table + behind * Long.BYTES;
            case AVX2 -> table + (BlockShape.most(width) - behind) * Integer.BYTES;
        };
    }

    void nextKey() {
        switch (width) {
            case AVX512 -> a.add(key, Long.BYTES);
            case AVX2 -> a.sub(key, Integer.BYTES);
        }
    }

    /**
     * Replaces scores of queries that do not see the key, whatever they are.
     *
     * @param by a register; the two behind it may be overwritten
     */
    void replace(int vector, Address scores, int by) {
        select(vector);
        switch (width) {
            case AVX512 -> {
                a.knotw(SEEN, SEEN);
                a.vmovups(scores, SEEN, new Zmm(by));
            }
            case AVX2 -> {
                Ymm seen = new Ymm(by + 1);
                Ymm kept = new Ymm(by + 2);
                a.avx2().vmovups(seen, lanes(vector));
                a.avx2().vmovups(kept, scores);
                a.avx2().vblendvps(kept, new Ymm(by), kept, seen);
                a.avx2().vmovups(scores, kept);
            }
        }
    }

    /** Before {@link #multiplyAdd} with a vector. */
    void select(int vector) {
        if (width == VectorWidth.AVX512) {
            a.kmovw(SEEN, lanes(vector));
        }
    }

    /**
     * Adds products to the sums of queries that see the key; 0 times a value that is not finite would be NaN.
     *
     * @param value may be overwritten
     * @param weight 0 for the other queries
     */
    void multiplyAdd(int vector, int sum, int value, int weight) {
        switch (width) {
            case AVX512 -> a.vfmadd231ps(new Zmm(sum), SEEN, new Zmm(value), new Zmm(weight));
            case AVX2 -> {
                a.avx2().vpand(new Ymm(value), new Ymm(value), lanes(vector));
                a.avx2().vfmadd231ps(new Ymm(sum), new Ymm(value), new Ymm(weight));
            }
        }
    }

    private Address lanes(int vector) {
        return at(
                key,
                switch (width) {
                    case AVX512 -> vector * Short.BYTES;
                    case AVX2 -> vector * width.count() * Integer.BYTES;
                });
    }
}
