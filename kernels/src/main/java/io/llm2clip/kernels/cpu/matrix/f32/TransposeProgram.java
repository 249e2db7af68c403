package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.VectorWidth;

/**
 * Transposes up to a vector of rows to {@code [k][vector]}, with zeros for the lanes that do not exist, or to {@code [k][lanes]}. Each k is stored
 * as a whole vector: where rows of the result are shorter, the next one is stored over what is beyond, but for the last of {@link PackCall#REST}.
 * Of bf16, two k are transposed as one word of 32 bits, and widened when they are stored. The argument is the address of a {@link PackCall}, whose
 * counts are of words.
 */
final class TransposeProgram {
    private static final int FOUR = 4;
    /** A line of memory has the words of four times four. */
    static final int LINE = FOUR * FOUR;
    /** How far memory is fetched ahead, in bytes: rows are too many, and too short, for what CPUs fetch by themselves. */
    private static final int AHEAD = 256;

    /** Changed by stores. */
    private static final int WIDENED = 12;

    /** The first of each four lanes. */
    private static final Gpr[] FIRST = {R8, R9, R10, R11};

    private final Assembler a = new Assembler();
    private final Lanes vectors;
    private final int lanes;
    private final boolean filled;
    private final DType format;

    /**
     * @param lanes how many exist, at most those of a vector
     * @param filled whether rows of the result are whole vectors
     * @param format F32 or BF16, which is filled
     */
    TransposeProgram(VectorWidth width, int lanes, boolean filled, DType format) {
        vectors = width.lanes(a);
        this.lanes = lanes;
        this.filled = filled;
        this.format = format;
    }

    byte[] encode() {
        a.push(RBX);
        a.push(RBP);
        a.mov(RCX, at(RDI, PackCall.STRIDE));
        a.mov(RDX, RCX);
        a.add(RDX, RCX);
        a.mov(RSI, RDX);
        a.add(RSI, RCX);
        a.mov(R8, at(RDI, PackCall.FROM));
        for (int i = 1; i < quarters(); i++) {
            a.mov(FIRST[i], FIRST[i - 1]);
            a.add(FIRST[i], RDX);
            a.add(FIRST[i], RDX);
        }
        a.mov(RAX, at(RDI, PackCall.TO));
        a.mov(RBP, at(RDI, PackCall.TO_ROW));
        Loops.times(a, RBX, at(RDI, PackCall.STEPS), this::line);
        Loops.times(a, RBX, at(RDI, PackCall.FOURS), this::four);
        Loops.times(a, RBX, at(RDI, PackCall.REST), this::one);
        a.vzeroupper();
        a.pop(RBP);
        a.pop(RBX);
        a.ret();
        return a.code();
    }

    private void line() {
        for (int lane = 0; lane < lanes; lane++) {
            a.prefetcht0(lane(lane, AHEAD));
        }
        for (int i = 0; i < FOUR; i++) {
            four();
        }
    }

    private int quarters() {
        return vectors.count() / FOUR;
    }

    private Address lane(int lane) {
        return lane(lane, 0);
    }

    private Address lane(int lane, int offset) {
        Gpr first = FIRST[lane / FOUR];
        return switch (lane % FOUR) {
            case 0 -> at(first, offset);
            case 1 -> at(first, RCX, offset);
            case 2 -> at(first, RDX, offset);
            default -> at(first, RSI, offset);
        };
    }

    /** Four words of all lanes: register i has those of lanes i, i + 4 and so on. */
    private void four() {
        for (int i = 0; i < FOUR; i++) {
            if (i < lanes) {
                vectors.loadFour(i, lane(i));
            } else {
                vectors.clear(i);
            }
            for (int lane = i + FOUR; lane < lanes; lane += FOUR) {
                vectors.insertFour(i, lane / FOUR, lane(lane));
            }
        }
        for (int pair = 0; pair < 2; pair++) {
            vectors.unpack(4 + 2 * pair, 2 * pair, 2 * pair + 1, false);
            vectors.unpack(5 + 2 * pair, 2 * pair, 2 * pair + 1, true);
        }
        for (int word = 0; word < FOUR; word++) {
            int to = 8 + word;
            vectors.unpackPairs(to, 4 + word / 2, 6 + word / 2, word % 2 == 1);
            store(to);
        }
        advance(FOUR * Float.BYTES);
    }

    /** The k of a word of all lanes. */
    private void store(int words) {
        if (format == DType.BF16) {
            vectors.widen(WIDENED, words, false);
            vectors.store(at(RAX, 0), WIDENED);
            a.add(RAX, RBP);
            vectors.widen(words, words, true);
        }
        vectors.store(at(RAX, 0), words);
        a.add(RAX, RBP);
    }

    /** One word, by way of a general register. */
    private void one() {
        for (int lane = 0; lane < (filled ? vectors.count() : lanes); lane++) {
            // RDI is free: this is the last loop.
            if (lane < lanes) {
                a.mov32(RDI, lane(lane));
            } else if (lane == lanes) {
                a.mov(RDI, 0);
            }
            a.mov32(at(RAX, lane * Float.BYTES), RDI);
        }
        if (format == DType.BF16) {
            vectors.load(0, at(RAX, 0));
            store(0);
        } else {
            a.add(RAX, RBP);
        }
        advance(Float.BYTES);
    }

    private void advance(int bytes) {
        for (int i = 0; i < quarters(); i++) {
            a.add(FIRST[i], bytes);
        }
    }
}
