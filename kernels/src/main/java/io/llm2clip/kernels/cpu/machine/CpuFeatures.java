package io.llm2clip.kernels.cpu.machine;

import io.llm2clip.kernels.Settings;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which features this process may use.
 *
 * @param missing why not, as half a sentence, for each that it may not
 */
public record CpuFeatures(Map<Feature, String> missing) {
    /** Of leaf 1, ECX. */
    private static final int STATE_READABLE = 27;

    private static final int FMA = 12;
    private static final int F16C = 29;
    /** Of leaf 7, EBX. */
    private static final int AVX2 = 5;
    /** The foundation, what it lacks for lanes of 32 bits, and instructions on words. */
    private static final int AVX512F = 16;

    private static final int AVX512DQ = 17;
    private static final int AVX512BW = 30;
    /** Of leaf 7, ECX. */
    private static final int AVX512_VNNI = 11;
    /** Of leaf 7.1, EAX. */
    private static final int AVX_VNNI = 4;

    private static final int AVX512_BF16 = 5;
    /** Of leaf 7, EDX. */
    private static final int AMX_BF16 = 22;

    private static final int AMX_TILE = 24;
    private static final int AMX_INT8 = 25;
    /** State of vectors up to 512 bits: SSE, AVX, masks, upper halves, upper registers. */
    private static final long VECTOR_STATE = 0b1110_0110;
    /** State of vectors up to 256 bits. */
    private static final long AVX_STATE = 0b110;
    /** Configuration and data of tiles. */
    private static final long TILE_STATE = 0b11L << 17;
    /** The state component of tiles' data, which a process must ask for. */
    private static final int TILE_DATA = 18;
    /** Tiles of 16 rows of 64 bytes, 8 of them. */
    private static final int TILE_BYTES = 1024;

    private static final int TILE_ROW_BYTES = 64;
    private static final int TILES = 8;
    private static final int TILE_ROWS = 16;

    public CpuFeatures {
        missing = Map.copyOf(missing);
    }

    /** Why a feature may not be used, as half a sentence; null if it may. */
    public @Nullable String missing(Feature feature) {
        return missing.get(feature);
    }

    /**
     * What a CPU and its system allow.
     *
     * @param request asks the system for a state component; its answer is 0, or a negated error number
     */
    static CpuFeatures of(Cpuid cpu, IntToLongFunction request) {
        int last = cpu.leaf(0, 0).eax();
        boolean readable = last >= 1 && bit(cpu.leaf(1, 0).ecx(), STATE_READABLE);
        long state = readable ? cpu.savedState() : 0;
        Cpuid.Leaf seven = last >= 7 ? cpu.leaf(7, 0) : new Cpuid.Leaf(0, 0, 0, 0);
        Map<Feature, String> missing = new EnumMap<>(Feature.class);
        int more = seven.eax() >= 1 ? cpu.leaf(7, 1).eax() : 0;
        String avx2 = avx2(last >= 1 ? cpu.leaf(1, 0).ecx() : 0, seven, state);
        String dots = avx2 == null && !bit(more, AVX_VNNI) ? "this CPU has no AVX-VNNI" : avx2;
        if (avx2 != null) {
            missing.put(Feature.AVX2, avx2);
        }
        if (dots != null) {
            missing.put(Feature.AVX_VNNI, dots);
        }
        String wide = vectors(seven, bit(seven.ebx(), AVX512DQ), "", state);
        if (wide != null) {
            missing.put(Feature.AVX512, wide);
        }
        boolean bf16 = bit(more, AVX512_BF16);
        String vectors = vectors(seven, bf16, " on bf16", state);
        if (vectors != null) {
            missing.put(Feature.AVX512_BF16, vectors);
        }
        String bytes = vectors(seven, bit(seven.ecx(), AVX512_VNNI), " on bytes", state);
        if (bytes != null) {
            missing.put(Feature.AVX512_VNNI, bytes);
        }
        // Tiles are filled and emptied by vectors.
        String tiles = vectors != null ? vectors : tiles(AMX_BF16, cpu, last, seven, state, request);
        if (tiles != null) {
            missing.put(Feature.AMX_BF16, tiles);
        }
        String tilesOfBytes = bytes != null ? bytes : tiles(AMX_INT8, cpu, last, seven, state, request);
        if (tilesOfBytes != null) {
            missing.put(Feature.AMX_INT8, tilesOfBytes);
        }
        return new CpuFeatures(missing);
    }

    /** These, but none that needs wider vectors than so many bits; all of them if 0. */
    CpuFeatures within(int bits) {
        if (bits == 0) {
            return this;
        }
        Map<Feature, String> without = new EnumMap<>(Feature.class);
        for (Feature feature : Feature.values()) {
            if (feature.bits() > bits) {
                without.put(feature, "vectors have " + bits + " bits by " + Settings.VECTOR_BITS);
            }
        }
        without.putAll(missing);
        return new CpuFeatures(without);
    }

    private static @Nullable String avx2(int one, Cpuid.Leaf seven, long state) {
        if (!bit(seven.ebx(), AVX2) || !bit(one, FMA) || !bit(one, F16C)) {
            return "this CPU has no AVX2 with FMA and F16C";
        }
        return (state & AVX_STATE) == AVX_STATE ? null : "the operating system does not save AVX registers";
    }

    private static @Nullable String vectors(Cpuid.Leaf seven, boolean multiplies, String elements, long state) {
        if (!bit(seven.ebx(), AVX512F) || !bit(seven.ebx(), AVX512BW) || !multiplies) {
            return "this CPU has no AVX-512 instructions" + elements;
        }
        return (state & VECTOR_STATE) == VECTOR_STATE ? null : "the operating system does not save AVX-512 registers";
    }

    private static @Nullable String tiles(
            int elements, Cpuid cpu, int last, Cpuid.Leaf seven, long state, IntToLongFunction request) {
        if (!bit(seven.edx(), AMX_TILE) || !bit(seven.edx(), elements)) {
            return "this CPU has no AMX";
        }
        if ((state & TILE_STATE) != TILE_STATE) {
            return "the operating system does not save AMX tiles";
        }
        Cpuid.Leaf palette = last >= 0x1D ? cpu.leaf(0x1D, 1) : new Cpuid.Leaf(0, 0, 0, 0);
        if (palette.eax() >>> 16 != TILE_BYTES
                || (palette.ebx() & 0xFFFF) != TILE_ROW_BYTES
                || palette.ebx() >>> 16 != TILES
                || (palette.ecx() & 0xFFFF) != TILE_ROWS) {
            return "this CPU's AMX tiles are not 8 of 16 rows of 64 bytes";
        }
        long refusal = request.applyAsLong(TILE_DATA);
        return refusal == 0 ? null : "the system refuses this process AMX (arch_prctl: error " + -refusal + ")";
    }

    private static boolean bit(int word, int number) {
        return (word >>> number & 1) != 0;
    }
}
