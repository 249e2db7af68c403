package io.llm2clip.kernels.cpu.matrix.f32;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.f32.CopyProgram.Pieces;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Programs for f32 panels, each encoded when it is first needed, in less than a millisecond. Panels have two vectors of columns; rows of A are packed
 * in {@link RowTiles}, {@code [k][rows of the tile]}. All take {@link #CALL_BYTES} of memory for their arguments, aligned as floats are.
 */
public final class FloatCode {
    /** Memory that a call takes, a multiple of 64. */
    public static final int CALL_BYTES = 256;

    private record Shape(int rows, boolean masked) {}

    private record Transpose(int lanes, boolean filled, DType format) {}

    private record Copy(Pieces pieces, DType format) {}

    /** Of this process, by the lanes of a vector. */
    private static final Map<Integer, FloatCode> INSTALLED = new ConcurrentHashMap<>();

    private final VectorWidth width;
    private final CodeSpace space;
    private final Map<Shape, MachineFunction> tiles = new ConcurrentHashMap<>();
    private final Map<Transpose, MachineFunction> transposes = new ConcurrentHashMap<>();
    private final Map<Copy, MachineFunction> copies = new ConcurrentHashMap<>();

    FloatCode(VectorWidth width, CodeSpace space) {
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
        for (VectorWidth width : VectorWidth.values()) {
            if (width.count() == lanes && features.missing(width.feature()) == null) {
                return INSTALLED.computeIfAbsent(lanes, other -> new FloatCode(width, space));
            }
        }
        return null;
    }

    /** Most rows of a tile. */
    public int rows() {
        return rows(width);
    }

    /** All registers but two vectors of B and two elements of A have sums. */
    static int rows(VectorWidth width) {
        return (width.registers() - 4) / TileProgram.VECTORS;
    }

    /** Columns of a panel. */
    public int columns() {
        return TileProgram.VECTORS * width.count();
    }

    /** Tiles of so many rows behind each other, as equal as can be, so that the last is not much work for few rows. */
    public RowTiles tiles(long address, int rows, int k) {
        int tiles = Math.ceilDiv(rows, rows());
        int height = tiles == 0 ? rows() : Math.ceilDiv(rows, tiles);
        return new RowTiles(address, height, (long) height * k * Float.BYTES, 0);
    }

    /**
     * Packs rows of A into tiles.
     *
     * @param transposed whether it is stored as {@code [k, rows]}
     * @param from its first element
     * @param stride bytes from one stored row to the next
     * @param to of at most {@link #rows} rows
     * @param call memory for arguments
     */
    public void packRows(boolean transposed, long from, long stride, int rows, int k, RowTiles to, long call) {
        if (transposed) {
            Copy copy = new Copy(Pieces.TILES, DType.F32);
            int whole = rows / to.height() * to.height();
            copy(copy, k, whole, to.height(), from, stride, to.tile(0, to.height()), to.bytes(), call);
            int rest = rows - whole;
            if (rest > 0) {
                copy(copy, k, rest, rest, from + (long) whole * Float.BYTES, stride, to.tile(whole, rest), 0, call);
            }
            return;
        }
        for (int row = 0; row < rows; row += to.height()) {
            int height = Math.min(to.height(), rows - row);
            Transpose shape = new Transpose(height, height == width.count(), DType.F32);
            transpose(shape, k, from + row * stride, stride, to.tile(row, height), (long) height * Float.BYTES, call);
        }
    }

    /** Of the last k, which nothing is stored over, how many are stored without what is beyond their lanes. */
    private int exact(int lanes, int k) {
        return Math.min(k, Math.ceilDiv(width.count(), lanes) - 1);
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
            transpose(new Transpose(some, true, format), k, from + lane * stride, stride, target, row, call);
        }
    }

    /**
     * Transposes rows of words of 32 bits, {@code [lanes, k]}, to a vector for each k.
     *
     * @param lanes how many exist, at most those of a vector
     * @param toRow bytes from one k of the result to the next, at least a vector
     */
    public void transpose(int k, int lanes, long from, long stride, long to, long toRow, long call) {
        transpose(new Transpose(lanes, true, DType.F32), k, from, stride, to, toRow, call);
    }

    private void transpose(Transpose shape, int k, long from, long stride, long to, long toRow, long call) {
        int words = shape.format == DType.BF16 ? k / 2 : k;
        int exact = shape.filled ? 0 : exact(shape.lanes, words);
        int inFours = (words - exact) / 4 * 4;
        set(call, from, stride, to, toRow);
        PackCall.set(call, PackCall.STEPS, inFours / TransposeProgram.LINE);
        PackCall.set(call, PackCall.FOURS, inFours % TransposeProgram.LINE / 4);
        PackCall.set(call, PackCall.REST, words - inFours);
        MachineFunction function = transposes.get(shape);
        if (function == null) {
            function = transposes.computeIfAbsent(
                    shape,
                    some -> space.install(
                            some.format + " rows of " + some.lanes + " lanes transposed, " + width,
                            new TransposeProgram(width, some.lanes, some.filled, some.format).encode()));
        }
        function.call(call);
    }

    /** Copies lanes to pieces of so many, the last of which is filled up with zeros. */
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
            set(call, from + whole * fromPiece, stride, to + whole * toPiece, bytes);
            copy(copy, 1, k, rest, call);
        }
    }

    private void copy(Copy copy, int count, int k, int lanes, long call) {
        int exact = copy.pieces == Pieces.TILES ? exact(lanes, k) : 0;
        PackCall.set(call, PackCall.STEPS, k - exact);
        PackCall.set(call, PackCall.REST, exact);
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
     * @param a packed rows
     * @param rows how many
     * @param columns that exist in C
     * @param k length of the sums
     * @param b the first panel
     * @param panelBytes from one panel to the next
     * @param output where the sums go
     */
    public void multiply(
            RowTiles a, int rows, int columns, int k, long b, long panelBytes, TileOutput output, long call) {
        long panelRow = columns() * (long) Float.BYTES;
        long add = output.added();
        TileCall.set(call, TileCall.C_ROW, output.sumsRow());
        TileCall.set(call, TileCall.ADD_ROW, output.addedRow());
        TileCall.set(call, TileCall.FETCHED_ROW, output.fetchedRow());
        TileCall.set(call, TileCall.STEPS, k / TileCall.UNROLLED);
        TileCall.set(call, TileCall.REST, k % TileCall.UNROLLED);
        TileCall.set(call, TileCall.B_GAP, panelBytes - k * panelRow);
        TileCall.set(call, TileCall.ADD_PANEL, add == 0 ? 0 : panelRow);
        TiledProduct product = new TiledProduct(a, rows, call);
        int whole = columns / columns();
        if (whole > 0) {
            product.multiply(false, whole, b, output.sums(), add, output.fetched());
        }
        int rest = columns % columns();
        if (rest > 0) {
            width.masks(call + TileCall.MASKS, rest);
            long done = whole * panelRow;
            product.multiply(true, 1, b + whole * panelBytes, output.sums() + done, add == 0 ? 0 : add + done, 0);
        }
    }

    /** Of packed rows. */
    private final class TiledProduct {
        final RowTiles a;
        final int rows;
        final long call;

        TiledProduct(RowTiles a, int rows, long call) {
            this.a = a;
            this.rows = rows;
            this.call = call;
        }

        void multiply(boolean masked, int panels, long b, long c, long add, long fetched) {
            TileCall.set(call, TileCall.B, b);
            TileCall.set(call, TileCall.PANELS, panels);
            TileCall.set(call, TileCall.FETCHED, fetched);
            int count = rows / a.height();
            if (count > 0) {
                multiply(new Shape(a.height(), masked), count, a.tile(0, a.height()), c, add);
            }
            int done = count * a.height();
            if (done < rows) {
                long added = add == 0 ? 0 : add + done * TileCall.get(call, TileCall.ADD_ROW);
                long row = c + done * TileCall.get(call, TileCall.C_ROW);
                multiply(new Shape(rows - done, masked), 1, a.tile(done, rows - done), row, added);
            }
        }

        private void multiply(Shape shape, int count, long first, long c, long add) {
            TileCall.set(call, TileCall.A, first);
            TileCall.set(call, TileCall.C, c);
            TileCall.set(call, TileCall.ADD, add);
            TileCall.set(call, TileCall.TILES, count);
            TileCall.set(call, TileCall.A_TILE, a.bytes());
            TileCall.set(call, TileCall.C_TILE, shape.rows * TileCall.get(call, TileCall.C_ROW));
            TileCall.set(call, TileCall.ADD_TILE, add == 0 ? 0 : shape.rows * TileCall.get(call, TileCall.ADD_ROW));
            TileCall.set(call, TileCall.FETCHED_TILE, shape.rows * TileCall.get(call, TileCall.FETCHED_ROW));
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
