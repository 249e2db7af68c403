package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.machine.attention.RowCopyProgram.Rows;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Programs of each shape with vectors of one width, encoded when it is first met, in one space. */
final class BlockPrograms {
    private record Block(BlockShape shape, boolean packed) {}

    private final VectorWidth width;
    private final CodeSpace space;
    private final Map<Block, MachineFunction> blocks = new ConcurrentHashMap<>();
    private final Map<BlockShape, MachineFunction> gradients = new ConcurrentHashMap<>();
    private final Map<Integer, MachineFunction> copies = new ConcurrentHashMap<>();

    BlockPrograms(VectorWidth width, CodeSpace space) {
        this.width = width;
        this.space = space;
    }

    /** Of their vectors. */
    VectorWidth width() {
        return width;
    }

    /**
     * What attends; its argument is the address of a {@link BlockCall}.
     *
     * @param packed whether the result goes to panels
     */
    MachineFunction block(BlockShape shape, boolean packed) {
        return blocks.computeIfAbsent(
                new Block(shape, packed),
                wanted -> space.install("attention " + wanted, BlockProgram.encode(wanted.shape, wanted.packed)));
    }

    /** What computes gradients; its argument is the address of a {@link GradientCall}. */
    MachineFunction gradient(BlockShape shape) {
        return gradients.computeIfAbsent(
                shape, wanted -> space.install("attention gradient " + wanted, GradientProgram.encode(wanted)));
    }

    /**
     * Copies rows of a head.
     *
     * @param call memory for the argument
     */
    void copy(int headSize, Rows from, Rows to, int rows, long call) {
        RowCopyProgram.set(call, width, headSize, from, to, rows);
        copies.computeIfAbsent(
                        headSize, wanted -> space.install("rows of " + wanted, RowCopyProgram.encode(width, wanted)))
                .call(call);
    }
}
