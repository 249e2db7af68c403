package io.llm2clip.kernels.cpu.matrix.f32;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.matrix.f32.CopyProgram.Pieces;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Programs for f32 panels, each encoded when it is first needed, in less than a millisecond. Panels have two vectors of columns; rows of A are packed
 * in tiles, {@code [k][rows of the tile]}. All take {@link #CALL_BYTES} of memory for their arguments, aligned as floats are.
 */
public final class FloatCode {
    /** Memory that a call takes, a multiple of 64. */
    public static final int CALL_BYTES = 192;

    private record Shape(int rows, boolean masked) {}

    private record Transpose(int lanes, DType format) {}

    private record Copy(Pieces pieces, DType format) {}

    /** Of this process, by the lanes of a vector. */
    private static final Map<Integer, FloatCode> INSTALLED = new ConcurrentHashMap<>();

    private final FloatWidth width;
    private final CodeSpace space;
    private final Map<Shape, MachineFunction> tiles = new ConcurrentHashMap<>();
    private final Map<Transpose, MachineFunction> transposes = new ConcurrentHashMap<>();
    private final Map<Copy, MachineFunction> copies = new ConcurrentHashMap<>();

    FloatCode(FloatWidth width, CodeSpace space) {
        this.width = width;
        this.space = space;
    }

    /**
     * The programs that this process may run.
     *
     * @param lanes of a vector, of which panels have two
     * @return null if there are none for such vectors, or they may not be used
     */
    public static @Nullable FloatCode ofThisProcess(int lanes) {
        if (!(MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space))) {
            return null;
        }
        FloatCode known = INSTALLED.get(lanes);
        if (known != null) {
            return known;
        }
        for (FloatWidth width : FloatWidth.values()) {
            if (width.count() == lanes && features.missing(width.feature()) == null) {
                return INSTALLED.computeIfAbsent(lanes, other -> new FloatCode(width, space));
            }
        }
        return null;
    }

    /** Most rows of a tile. */
    public int rows() {
        return width.rows();
    }

    /** Columns of a panel. */
    public int columns() {
        return TileProgram.VECTORS * width.count();
    }

    /**
     * Packs rows of A into tiles. Up to a vector is written behind them.
     *
     * @param transposed whether it is stored as {@code [k, rows]}
     * @param from its first element
     * @param stride bytes from one stored row to the next
     * @param call memory for arguments
     */
    public void packRows(boolean transposed, long from, long stride, int rows, int k, long to, long call) {
        Tiling tiling = Tiling.of(rows, width.rows());
        if (transposed) {
            copy(
                    new Copy(Pieces.TILES, DType.F32),
                    k,
                    rows,
                    tiling.height(),
                    from,
                    stride,
                    to,
                    tiling.tileBytes(k),
                    call);
            return;
        }
        for (int row = 0; row < rows; row += tiling.height()) {
            int height = Math.min(tiling.height(), rows - row);
            long tile = to + (long) row * k * Float.BYTES;
            transpose(k, height, from + row * stride, stride, tile, (long) height * Float.BYTES, call);
        }
    }

    /** Whether {@link #packColumns} widens columns of a format: bf16 in pairs of k where it transposes, and in whole panels where it does not. */
    public boolean widens(DType format, boolean transposed, int columns, int k) {
        return format == DType.BF16 && (transposed ? k % 2 : columns % columns()) == 0;
    }

    /**
     * Packs columns of B into panels, with zeros beyond them.
     *
     * @param format F32, or one that it {@link #widens}
     * @param transposed whether it is stored as {@code [columns, k]}
     * @param panelBytes from one panel to the next
     */
    public void packColumns(
            DType format,
            boolean transposed,
            long from,
            long stride,
            int columns,
            int k,
            long to,
            long panelBytes,
            long call) {
        int panel = columns();
        if (!transposed) {
            copy(new Copy(Pieces.PANELS, format), k, columns, panel, from, stride, to, panelBytes, call);
            return;
        }
        long row = (long) panel * Float.BYTES;
        for (int lane = 0; lane < Math.ceilDiv(columns, panel) * panel; lane += width.count()) {
            int some = Math.clamp(columns - lane, 0, width.count());
            long target = to + lane / panel * panelBytes + (long) (lane % panel) * Float.BYTES;
            transpose(format, k, some, from + lane * stride, stride, target, row, call);
        }
    }

    /**
     * Transposes rows of words of 32 bits, {@code [lanes, k]}, to a vector for each k.
     *
     * @param lanes how many exist, at most those of a vector
     * @param toRow bytes from one k of the result to the next
     */
    public void transpose(int k, int lanes, long from, long stride, long to, long toRow, long call) {
        transpose(DType.F32, k, lanes, from, stride, to, toRow, call);
    }

    private void transpose(DType format, int k, int lanes, long from, long stride, long to, long toRow, long call) {
        int words = format == DType.BF16 ? k / 2 : k;
        set(call, from, stride, to, toRow);
        PackCall.set(call, PackCall.STEPS, words / TransposeProgram.LINE);
        PackCall.set(call, PackCall.FOURS, words % TransposeProgram.LINE / 4);
        PackCall.set(call, PackCall.REST, words % 4);
        Transpose shape = new Transpose(lanes, format);
        MachineFunction function = transposes.get(shape);
        if (function == null) {
            function = transposes.computeIfAbsent(
                    shape,
                    some -> space.install(
                            some.format + " rows of " + some.lanes + " lanes transposed, " + width,
                            new TransposeProgram(width, some.lanes, some.format).encode()));
        }
        function.call(call);
    }

    /** Copies lanes to pieces of so many, and to one of those that are left. */
    private void copy(
            Copy copy, int k, int lanes, int piece, long from, long stride, long to, long toPiece, long call) {
        int whole = lanes / piece;
        int rest = lanes % piece;
        long bytes = (long) piece * Float.BYTES;
        long fromPiece = copy.format.bytes((long) piece);
        PackCall.set(call, PackCall.FROM_PIECE, fromPiece);
        PackCall.set(call, PackCall.TO_PIECE, toPiece);
        if (whole > 0) {
            set(call, from, stride, to, bytes);
            copy(copy, whole, k, piece, call);
        }
        if (rest > 0) {
            long toRow = copy.pieces == Pieces.TILES ? (long) rest * Float.BYTES : bytes;
            set(call, from + whole * fromPiece, stride, to + whole * toPiece, toRow);
            copy(copy, 1, k, rest, call);
        }
    }

    private void copy(Copy copy, int count, int k, int lanes, long call) {
        PackCall.set(call, PackCall.STEPS, k);
        PackCall.set(call, PackCall.PIECES, count);
        width.masks(call + PackCall.MASKS, lanes);
        MachineFunction function = copies.get(copy);
        if (function == null) {
            function = copies.computeIfAbsent(
                    copy,
                    some -> space.install(
                            some.format + " " + some.pieces + " copied, " + width,
                            new CopyProgram(width, some.pieces, some.format).encode()));
        }
        function.call(call);
    }

    private static void set(long call, long from, long stride, long to, long toRow) {
        PackCall.set(call, PackCall.FROM, from);
        PackCall.set(call, PackCall.STRIDE, stride);
        PackCall.set(call, PackCall.TO, to);
        PackCall.set(call, PackCall.TO_ROW, toRow);
    }

    /**
     * {@code C = A B + add}.
     *
     * @param a rows that {@link #packRows} has packed
     * @param rows how many
     * @param columns that exist in C
     * @param k length of the sums
     * @param b the first panel
     * @param panelBytes from one panel to the next
     * @param c where the result goes
     * @param cRow bytes from one row of the result to the next
     * @param add what is added, or 0; may be c
     * @param addRow bytes from one row of the addend to the next
     */
    public void multiply(
            long a,
            int rows,
            int columns,
            int k,
            long b,
            long panelBytes,
            long c,
            long cRow,
            long add,
            long addRow,
            long call) {
        long panelRow = columns() * (long) Float.BYTES;
        TileCall.set(call, TileCall.C_ROW, cRow);
        TileCall.set(call, TileCall.ADD_ROW, addRow);
        TileCall.set(call, TileCall.STEPS, k / TileCall.UNROLLED);
        TileCall.set(call, TileCall.REST, k % TileCall.UNROLLED);
        TileCall.set(call, TileCall.B_GAP, panelBytes - k * panelRow);
        TileCall.set(call, TileCall.ADD_PANEL, add == 0 ? 0 : panelRow);
        Tiles tiles = new Tiles(Tiling.of(rows, width.rows()), a, k, call);
        int whole = columns / columns();
        if (whole > 0) {
            tiles.multiply(false, whole, b, c, add);
        }
        int rest = columns % columns();
        if (rest > 0) {
            width.masks(call + TileCall.MASKS, rest);
            long done = whole * panelRow;
            tiles.multiply(true, 1, b + whole * panelBytes, c + done, add == 0 ? 0 : add + done);
        }
    }

    /** Packed rows of A. */
    private final class Tiles {
        final Tiling tiling;
        final long a;
        final int k;
        final long call;

        Tiles(Tiling tiling, long a, int k, long call) {
            this.tiling = tiling;
            this.a = a;
            this.k = k;
            this.call = call;
        }

        void multiply(boolean masked, int panels, long b, long c, long add) {
            TileCall.set(call, TileCall.B, b);
            TileCall.set(call, TileCall.PANELS, panels);
            if (tiling.count() > 0) {
                multiply(new Shape(tiling.height(), masked), tiling.count(), a, c, add);
            }
            if (tiling.rest() > 0) {
                int done = tiling.height() * tiling.count();
                long added = add == 0 ? 0 : add + done * TileCall.get(call, TileCall.ADD_ROW);
                long row = c + done * TileCall.get(call, TileCall.C_ROW);
                multiply(new Shape(tiling.rest(), masked), 1, a + tiling.count() * tiling.tileBytes(k), row, added);
            }
        }

        private void multiply(Shape shape, int count, long first, long c, long add) {
            TileCall.set(call, TileCall.A, first);
            TileCall.set(call, TileCall.C, c);
            TileCall.set(call, TileCall.ADD, add);
            TileCall.set(call, TileCall.TILES, count);
            TileCall.set(call, TileCall.A_TILE, tiling.tileBytes(k));
            TileCall.set(call, TileCall.C_TILE, shape.rows * TileCall.get(call, TileCall.C_ROW));
            TileCall.set(call, TileCall.ADD_TILE, add == 0 ? 0 : shape.rows * TileCall.get(call, TileCall.ADD_ROW));
            MachineFunction function = tiles.get(shape);
            if (function == null) {
                function = tiles.computeIfAbsent(
                        shape,
                        some -> space.install(
                                "tiles of " + some + ", " + width,
                                new TileProgram(width, some.rows, some.masked).encode()));
            }
            function.call(call);
        }
    }
}
