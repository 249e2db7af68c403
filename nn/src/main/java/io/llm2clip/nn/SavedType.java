package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.StoredType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** In which type weights are written to a file. */
public enum SavedType {
    /**
     * As they came: the type that a file had them in where they are still those, f32 where they were trained or merged. Blocks of
     * quantized types, which other software reads from no safetensors file, become f32 as well, exactly.
     */
    STORED(null, null),
    F32(StoredType.F32, null),
    /** Rounded to the nearest; single numbers stay f32. */
    BF16(StoredType.BF16, null),
    /** Rounded to the nearest, refused where it would be infinite; single numbers stay f32. */
    F16(StoredType.F16, null),
    /** Matrices of linear layers in blocks of {@link DType#Q8}, all else as {@link #STORED}. Other software does not read such files. */
    INT8(null, StoredType.Q8_0),
    /** Matrices of linear layers in blocks of {@link DType#Q4_1}, all else as {@link #STORED}. Other software does not read such files. */
    INT4(null, StoredType.Q4_1);

    private final @Nullable StoredType dense;
    private final @Nullable StoredType blocks;

    SavedType(@Nullable StoredType dense, @Nullable StoredType blocks) {
        this.dense = dense;
        this.blocks = blocks;
    }

    /** Whether it makes blocks, which only our own readers know. */
    public boolean isQuantized() {
        return blocks != null;
    }

    /**
     * The type of a tensor of a file that holds parameters.
     *
     * @param came in which type it came, f32 if its parameters came in several
     */
    StoredType of(List<Parameter> parameters, DType came) {
        if (dense != null) {
            return parameters.getFirst().shape().rank() == 0 ? StoredType.F32 : dense;
        }
        if (blocks != null && parameters.stream().allMatch(parameter -> isInBlocks(parameter, blocks))) {
            return blocks;
        }
        return came.isQuantized() ? StoredType.F32 : StoredType.valueOf(came.name());
    }

    private static boolean isInBlocks(Parameter parameter, StoredType blocks) {
        return parameter.role() == Parameter.Role.MATRIX
                && parameter.shape().rank() == 2
                && parameter.shape().dim(1) % blocks.blockSize() == 0;
    }
}
