package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Programs for heads of each size, encoded when it is first met, in one space. The argument of each is the address of a {@link HeadCall}. */
final class TilePrograms {
    private final CodeSpace space;
    private final Map<Integer, OfHead> heads = new ConcurrentHashMap<>();

    /**
     * Of a head size.
     *
     * @param queries loads the queries of a block
     * @param keys loads all keys
     * @param values loads values
     * @param packedKeys loads all keys from rows of bf16; heads are whole steps
     * @param packedValues loads values likewise
     * @param upper takes chunks of keys a step further, for blocks of up to 16 queries
     * @param both the same for more
     * @param outputs stores the results of a block as rows
     * @param packedOutputs stores those of some queries in a panel
     */
    record OfHead(
            MachineFunction queries,
            MachineFunction keys,
            MachineFunction values,
            MachineFunction packedKeys,
            MachineFunction packedValues,
            MachineFunction upper,
            MachineFunction both,
            MachineFunction outputs,
            MachineFunction packedOutputs) {}

    TilePrograms(CodeSpace space) {
        this.space = space;
    }

    OfHead of(TileShape shape) {
        return heads.computeIfAbsent(shape.headSize(), _ -> encode(shape));
    }

    private OfHead encode(TileShape shape) {
        String of = " of tiles, heads of " + shape.headSize();
        return new OfHead(
                space.install("queries" + of, TileLoading.queries(shape)),
                space.install("keys" + of, TileLoading.keys(shape)),
                space.install("values" + of, TileLoading.values(shape)),
                space.install("packed keys" + of, TileLoading.packedKeys(shape)),
                space.install("packed values" + of, TileLoading.packedValues(shape)),
                space.install("attention of 16" + of, ChunkProgram.encode(shape, 1)),
                space.install("attention of 32" + of, ChunkProgram.encode(shape, 2)),
                space.install("outputs" + of, TileStoring.outputs(shape)),
                space.install("packed outputs" + of, TileStoring.packedOutputs(shape)));
    }
}
