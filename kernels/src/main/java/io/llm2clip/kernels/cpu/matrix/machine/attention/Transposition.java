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
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.LANES;
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.VECTOR;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.SquareTransposition;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.IntConsumer;

/**
 * The parts of a {@link BlockProgram}, or of a {@link GradientProgram}, that make lanes of rows and rows of lanes, 16 queries by 16 channels at a time. R10 is the scratch
 * memory; registers 0 to 15 have what is transposed.
 */
final class Transposition {
    /** Channels of the last 16 that exist. */
    private static final Mask REST = new Mask(2);

    private static final Zmm INVERSE = new Zmm(LANES);

    private final Assembler a;
    private final BlockShape shape;

    Transposition(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
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
            for (int row = 0; row < LANES; row++) {
                a.vpxord(new Zmm(row), new Zmm(row), new Zmm(row));
            }
            rows(row -> {
                a.vmovups(new Zmm(row), lanes(channels), at(RAX, 0));
                if (scaled) {
                    a.vmulpsBroadcast(new Zmm(row), new Zmm(row), at(RDI, BlockCall.FACTOR));
                }
            });
            SquareTransposition.append(a);
            for (int channel = 0; channel < channels; channel++) {
                a.vmovups(at(RSI, channel * shape.row()), Mask.ALL, new Zmm(channel));
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
                a.vmovups(INVERSE, Mask.ALL, at(R11, shape.sums() - shape.outputs()));
            }
            for (int channel = 0; channel < channels; channel++) {
                Address lanes = at(RSI, channel * shape.row());
                if (normalized) {
                    a.vmulps(new Zmm(channel), INVERSE, lanes);
                } else {
                    a.vmovups(new Zmm(channel), Mask.ALL, lanes);
                }
            }
            SquareTransposition.append(a);
            rows(row -> a.vmovups(at(RAX, 0), lanes(channels), new Zmm(row)));
        });
    }

    /**
     * For each vector of queries, R11 at its lanes and R14 at their number, and each 16 channels: R9 is at the first query's, RSI at those of
     * the lanes, RDX the bytes from one query to the next.
     */
    private void squares(int first, int row, int lanes, IntConsumer square) {
        int rest = shape.headSize() % LANES;
        a.mov(RAX, (1 << rest) - 1);
        a.kmovw(REST, RAX);
        a.mov(R8, at(RDI, first));
        a.mov(RDX, at(RDI, row));
        a.lea(R11, at(R10, lanes));
        a.lea(R14, at(RDI, BlockCall.ROWS));
        a.mov(RBP, shape.vectors());
        Label vector = a.here();
        a.mov(R9, R8);
        a.mov(RSI, R11);
        if (shape.headSize() >= LANES) {
            a.mov(RBX, shape.headSize() / LANES);
            Label whole = a.here();
            square.accept(LANES);
            a.add(R9, VECTOR);
            a.add(RSI, LANES * shape.row());
            a.sub(RBX, 1);
            a.jnz(whole);
        }
        if (rest > 0) {
            square.accept(rest);
        }
        a.mov(RAX, RDX);
        a.shl(RAX, 4);
        a.add(R8, RAX);
        a.add(R11, VECTOR);
        a.add(R14, Long.BYTES);
        a.sub(RBP, 1);
        a.jnz(vector);
    }

    private static Mask lanes(int channels) {
        return channels == LANES ? Mask.ALL : REST;
    }

    /** For each query of the vector, RAX at its row. */
    private void rows(IntConsumer body) {
        Label end = a.label();
        a.mov(RAX, R9);
        a.mov(RCX, at(R14, 0));
        for (int row = 0; row < LANES; row++) {
            body.accept(row);
            if (row < LANES - 1) {
                a.add(RAX, RDX);
                a.sub(RCX, 1);
                a.jz(end);
            }
        }
        a.bind(end);
    }
}
