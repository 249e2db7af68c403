package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Programs that multiply bf16, each encoded when it is first needed, in less than a millisecond. */
final class Bf16Kernels implements MachineKernels {
    /** Longest k that is summed at once: a panel of B of it takes 128 KB, with which panels of both factors stay in the L2 cache. */
    private static final int WHOLE_K = 2048;
    /** Longest part of a longer one. */
    private static final int MAX_K = 1024;
    /**
     * From here on parts are half as long, which makes blocks of rows twice as high: it is worth sums waiting twice as often to read so large a B
     * for half as many of them.
     */
    private static final int LONG_K = 8192;
    /** Length of parts where several products are summed, which take so much longer than it takes sums to wait. */
    private static final int K_OF_PRODUCTS = 256;
    /** Longest part of few rows, which stay in the cache as they are. */
    private static final int MAX_K_OF_PRODUCTS = 768;
    /** Of A, which are few. */
    private static final long FEW_BYTES = 512 * 1024;

    /** What rounds rows, and pairs of rows, to so many parts. */
    record Rounding(int parts, MachineFunction rows, MachineFunction pairs) {}

    private final Map<PanelShape, MachineFunction> panels = new ConcurrentHashMap<>();
    private final Bf16Kernel kernel;
    private final Parts parts;
    private final CodeSpace space;
    final Rounding ofA;
    final Rounding ofB;
    final MachineFunction transpose;
    final MachineFunction interleave;

    Bf16Kernels(Bf16Kernel kernel, Parts parts, CodeSpace space) {
        this.kernel = kernel;
        this.parts = parts;
        this.space = space;
        ofA = rounding(parts.ofA());
        ofB = parts.ofA() == parts.ofB() ? ofA : rounding(parts.ofB());
        transpose = space.install("pairs transposed", PairTransposition.code());
        interleave = space.install("pairs of rows interleaved", PairInterleaving.code());
    }

    private Rounding rounding(int parts) {
        return new Rounding(
                parts,
                space.install("rows rounded to bf16, " + parts + " parts", RoundingKernels.rows(parts)),
                space.install("pairs rounded to bf16, " + parts + " parts", RoundingKernels.pairs(parts)));
    }

    @Override
    public int rows() {
        return kernel.rows(parts.ofA());
    }

    @Override
    public int columns() {
        return Tiles.COLUMNS;
    }

    @Override
    public long bytesOfA(int rows, int steps) {
        return Tiles.bytes(rows, steps, parts.ofA());
    }

    @Override
    public long bytesOfB(int steps) {
        return Tiles.bytes(Tiles.COLUMNS, steps, parts.ofB());
    }

    @Override
    public int longestPart(int rows, int k) {
        if (parts.products().size() > 1) {
            long steps = FEW_BYTES / bytesOfA(Math.max(1, rows), 1);
            return Math.clamp(steps * Tiles.STEP, K_OF_PRODUCTS, MAX_K_OF_PRODUCTS);
        }
        if (k <= WHOLE_K) {
            return WHOLE_K;
        }
        return k < LONG_K ? MAX_K : MAX_K / 2;
    }

    @Override
    public long scratchBytes() {
        return Bf16Packer.SCRATCH_BYTES;
    }

    @Override
    public PanelPacker packer(long scratch) {
        return Bf16Packer.in(this, scratch);
    }

    @Override
    public boolean finishes() {
        return true;
    }

    @Override
    public MachineFunction panel(PanelShape shape) {
        return panels.computeIfAbsent(
                shape, missing -> space.install(kernel + " of " + missing + ", " + parts, kernel.code(missing, parts)));
    }
}
