package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.MatrixUnitChoice;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.MemoryBlock;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Inner products of all rows of one matrix with all rows of another, about in f32, block by block: whoever wants them takes each block while it is in
 * the cache of the thread that computed it, so memory is bounded whatever the number of rows. Columns are packed a span at a time, once for
 * all rows. How a product is rounded depends on the machine; {@link #error} bounds it on this one.
 */
public final class InnerProducts {
    /** Whole tiles of the kernels, of 14 or 6 rows in f32. */
    private static final int MOST_ROWS = 252;

    private static final int MOST_ROWS_OF_TILES = 256;

    private static final long ROW_BYTES = 1 << 20;
    /** Rows of as many products are not whole pages apart, which would share few sets of the caches. */
    private static final int MOST_COLUMNS = 992;

    private static final int PANEL = 32;
    /** Of columns that are packed together. */
    private static final long COLUMN_BYTES = 4 << 20;
    /** Of columns that are packed at a time. */
    private static final long SPAN_BYTES = 32 << 20;

    private static final int ALIGNMENT = 64;
    /** Half a unit in the last place of 1. */
    private static final double ROUNDING = 0x1p-24;
    /** Of values of the vectors, and to spare. */
    private static final int OTHER_ROUNDINGS = 64;
    /**
     * What splitting both factors into two numbers of bf16 loses: the product of their lesser parts, and what is left of each, at most
     * {@code 2^-16} each.
     */
    private static final double SPLITTING = 0x1p-14;

    private final Vectors rows;
    private final Vectors columns;
    private final Consumer<Block> target;
    private final Workers workers = Workers.shared();
    private final MatrixPrecision precision = precision();
    private final int width;
    /** Of a block that is not at the bottom. */
    private final int blockRows;
    /** Of a block that is not at the right. */
    private final int blockColumns;
    /** Of packed columns of a block. */
    private final long packedBytes;
    /** Of vectors of a block, and of its products. */
    private final long vectorBytes;

    private final long productBytes;

    /** Vectors of one length. */
    public interface Vectors {
        /** How many. */
        int count();

        /** How many values each has. */
        int width();

        /** Writes vectors as rows of f32, one behind the other. Called by several threads. */
        void copy(int from, int count, MemorySegment target);
    }

    /**
     * Some of the products.
     *
     * @param row number of the first row
     * @param rows how many
     * @param column number of the first column, a row of the other matrix
     * @param columns how many
     * @param products {@code [rows, columns]}, f32; overwritten once they have been taken
     */
    public record Block(int row, int rows, int column, int columns, MemorySegment products) {
        /** Where the products of a row begin, in bytes. */
        public long offset(int rowOfBlock) {
            return 4L * rowOfBlock * columns;
        }
    }

    private InnerProducts(Vectors rows, Vectors columns, Consumer<Block> target) {
        this.rows = rows;
        this.columns = columns;
        this.target = target;
        width = rows.width();
        long bytes = 4L * Math.max(1, width);
        int mostRows = precision == MatrixPrecision.F32 ? MOST_ROWS : MOST_ROWS_OF_TILES;
        blockRows = Math.clamp(ROW_BYTES / bytes, 1, Math.min(mostRows, rows.count()));
        int most = Math.clamp(COLUMN_BYTES / bytes, 1, MOST_COLUMNS);
        int equal = Math.ceilDiv(columns.count(), Math.ceilDiv(columns.count(), most));
        blockColumns = Math.min(most, Math.ceilDiv(equal, PANEL) * PANEL);
        Packing packing = packing(blockColumns);
        packedBytes = aligned(packing == null ? blockColumns * bytes : packing.bytes());
        vectorBytes = aligned(Math.max(blockRows, blockColumns) * bytes);
        productBytes = aligned(4L * blockRows * blockColumns);
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    /** Where the processor has tiles, three products in bf16 take half the time of one in f32. */
    private static MatrixPrecision precision() {
        return CpuKernels.matrixUnit(MatrixPrecision.BF16X3)
                .filter(MatrixUnitChoice::tiles)
                .map(_ -> MatrixPrecision.BF16X3)
                .orElse(MatrixPrecision.F32);
    }

    /**
     * By how much a product may differ at most from that of the vectors before their values were rounded to f32, twice each, in whatever order
     * it is summed.
     *
     * @param width of vectors of length 1
     */
    public static double error(int width) {
        boolean split = precision() == MatrixPrecision.BF16X3;
        double error = ((split ? 3L : 1L) * width + OTHER_ROUNDINGS) * ROUNDING;
        return error / (1 - error) + (split ? SPLITTING : 0);
    }

    /**
     * Computes all of them, on the threads that programs run on.
     *
     * @param target takes each block, in any order; called by several threads
     * @throws IllegalArgumentException if vectors of rows and columns differ in length
     */
    public static void forEach(Vectors rows, Vectors columns, Consumer<Block> target) {
        if (rows.width() != columns.width()) {
            throw new IllegalArgumentException("Inner products need vectors of one length, found %d and %d values."
                    .formatted(rows.width(), columns.width()));
        }
        if (rows.count() > 0 && columns.count() > 0) {
            new InnerProducts(rows, columns, target).run();
        }
    }

    private void run() {
        int all = Math.ceilDiv(columns.count(), blockColumns);
        int together = Math.clamp(SPAN_BYTES / packedBytes, Math.min(all, workers.threads()), all);
        long ownBytes = vectorBytes + productBytes;
        // Of large pages, where the system has them.
        try (MemoryBlock memory =
                MemoryBlock.allocate(together * packedBytes + workers.threads() * ownBytes, "inner products")) {
            MemorySegment packed = memory.segment().asSlice(0, together * packedBytes);
            Own[] own = new Own[workers.threads()];
            Arrays.setAll(
                    own, worker -> new Own(memory.segment().asSlice(packed.byteSize() + worker * ownBytes, ownBytes)));
            for (int first = 0; first < all; first += together) {
                run(first, Math.min(together, all - first), packed, own);
            }
        }
    }

    /** All rows by some blocks of columns. */
    private void run(int first, int blocks, MemorySegment packed, Own[] own) {
        workers.parallel(blocks, (number, worker) -> {
            int column = (first + number) * blockColumns;
            own[worker].pack(column, columnsAt(column), packed.asSlice(number * packedBytes, packedBytes));
        });
        int rowBlocks = Math.ceilDiv(rows.count(), blockRows);
        workers.parallel(Math.multiplyExact(rowBlocks, blocks), (number, worker) -> {
            int column = (first + number % blocks) * blockColumns;
            MemorySegment packedColumns = packed.asSlice(number % blocks * packedBytes, packedBytes);
            own[worker].multiply(number / blocks * blockRows, column, columnsAt(column), packedColumns);
        });
    }

    private int columnsAt(int column) {
        return Math.min(blockColumns, columns.count() - column);
    }

    private Matmul product(int m, int n) {
        MatrixOperand a = MatrixOperand.dense(DType.F32, false, m, width);
        MatrixOperand b = MatrixOperand.dense(DType.F32, true, width, n);
        Packing packing = packing(n);
        return new Matmul(1, m, n, width, a, packing == null ? b : b.packed(packing), Epilogue.NONE);
    }

    private @Nullable Packing packing(int n) {
        return CpuKernels.packing(Matmul.dense(1, blockRows, n, width, false, true), precision);
    }

    /** Memory of a worker. */
    private final class Own {
        private final MemorySegment vectors;
        private final MemorySegment products;
        /** The first of the rows in {@link #vectors}; columns are there, too, until they are packed. */
        private int row = -1;

        Own(MemorySegment memory) {
            vectors = memory.asSlice(0, vectorBytes);
            products = memory.asSlice(vectorBytes, productBytes);
        }

        void pack(int column, int count, MemorySegment packed) {
            Packing packing = packing(count);
            if (packing == null) {
                columns.copy(column, count, packed.asSlice(0, 4L * count * width));
                return;
            }
            row = -1;
            MemorySegment stored = vectors.asSlice(0, 4L * count * width);
            columns.copy(column, count, stored);
            MatrixOperand b = MatrixOperand.dense(DType.F32, true, width, count);
            CpuKernels.pack(packing, b, stored, packed, workers);
        }

        void multiply(int from, int column, int count, MemorySegment packed) {
            int some = Math.min(blockRows, rows.count() - from);
            if (row != from) {
                rows.copy(from, some, vectors.asSlice(0, 4L * some * width));
                row = from;
            }
            long[] addresses = {vectors.address(), packed.address(), products.address()};
            CpuKernels.bind(product(some, count), precision, addresses, workers).run();
            target.accept(new Block(from, some, column, count, products.asSlice(0, 4L * some * count)));
        }
    }
}
