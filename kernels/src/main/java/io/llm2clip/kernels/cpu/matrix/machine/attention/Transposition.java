package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import java.util.function.IntConsumer;

/**
 * The parts of a {@link BlockProgram}, or of a {@link GradientProgram}, that make lanes of rows and rows of lanes, a vector of queries by as many channels at a
 * time. R10 is the scratch memory; the lower half of the registers has what is transposed.
 */
final class Transposition {
    private final Assembler a;
    private final BlockShape shape;
    private final Lanes vectors;
    /** Queries of a square, and its channels. */
    private final int size;
    /** The register of what all of a square is multiplied by. */
    private final int factor;

    Transposition(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
        vectors = shape.lanes(a);
        size = vectors.count();
        factor = size;
    }

    /** Queries, scaled, to lanes; lanes without a query are 0. */
    void queries() {
        load(BlockCall.QUERIES, shape.queries(), true);
    }

    /**
     * Rows to lanes, as queries.
     *
     * @param first the field of the first row's address
     * @param lanes offset in scratch memory
     */
    void load(int first, int lanes, boolean scaled) {
        squares(first, BlockCall.QUERY_ROW, lanes, channels -> {
            if (scaled) {
                vectors.broadcast(factor, at(RDI, BlockCall.FACTOR));
            }
            for (int row = 0; row < size; row++) {
                vectors.clear(row);
            }
            rows(row -> {
                if (channels == size) {
                    vectors.load(row, at(RAX, 0));
                } else {
                    vectors.load(row, 0, at(RAX, 0));
                }
                if (scaled) {
                    vectors.multiply(row, row, factor);
                }
            });
            vectors.transpose();
            for (int channel = 0; channel < channels; channel++) {
                vectors.store(at(RSI, channel * shape.row()), channel);
            }
        });
    }

    /**
     * Lanes to the rows of the output that exist.
     *
     * @param normalized whether times the inverses of the sums, which are where the sums were
     */
    void outputs(boolean normalized) {
        squares(BlockCall.OUT, BlockCall.OUT_ROW, shape.outputs(), channels -> {
            if (normalized) {
                vectors.load(factor, at(R11, shape.sums() - shape.outputs()));
            }
            for (int channel = 0; channel < channels; channel++) {
                Address lanes = at(RSI, channel * shape.row());
                if (normalized) {
                    vectors.multiply(channel, factor, lanes);
                } else {
                    vectors.load(channel, lanes);
                }
            }
            vectors.transpose();
            rows(row -> {
                if (channels == size) {
                    vectors.store(at(RAX, 0), row);
                } else {
                    vectors.store(at(RAX, 0), 0, row);
                }
            });
        });
    }

    /**
     * For each vector of queries, R11 at its lanes and R14 at their number, and each square's channels: R9 is at the first query's, RSI at those of
     * the lanes, RDX the bytes from one query to the next.
     */
    private void squares(int first, int row, int lanes, IntConsumer square) {
        int rest = shape.headSize() % size;
        vectors.mask(RDI, BlockCall.REST);
        a.mov(R8, at(RDI, first));
        a.mov(RDX, at(RDI, row));
        a.lea(R11, at(R10, lanes));
        a.lea(R14, at(RDI, BlockCall.ROWS));
        a.mov(RBP, shape.vectors());
        Label vector = a.here();
        a.mov(R9, R8);
        a.mov(RSI, R11);
        if (shape.headSize() >= size) {
            a.mov(RBX, shape.headSize() / size);
            Label whole = a.here();
            square.accept(size);
            a.add(R9, vectors.bytes());
            a.add(RSI, size * shape.row());
            a.sub(RBX, 1);
            a.jnz(whole);
        }
        if (rest > 0) {
            square.accept(rest);
        }
        a.mov(RAX, RDX);
        a.shl(RAX, Integer.numberOfTrailingZeros(size));
        a.add(R8, RAX);
        a.add(R11, vectors.bytes());
        a.add(R14, Long.BYTES);
        a.sub(RBP, 1);
        a.jnz(vector);
    }

    /** For each query of the vector, RAX at its row. */
    private void rows(IntConsumer body) {
        Label end = a.label();
        a.mov(RAX, R9);
        a.mov(RCX, at(R14, 0));
        for (int row = 0; row < size; row++) {
            body.accept(row);
            if (row < size - 1) {
                a.add(RAX, RDX);
                a.sub(RCX, 1);
                a.jz(end);
            }
        }
        a.bind(end);
    }
}
