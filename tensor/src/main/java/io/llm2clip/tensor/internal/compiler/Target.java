package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.TensorException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a device supports and prefers: all that compiling for it and loading weights for it depend on.
 *
 * @param name for messages
 * @param precisions in which it multiplies matrices
 * @param matrixFormats in which the second operand of a matmul and the table of a gather may be stored
 * @param alignment of values in memory, in bytes
 * @param packings layouts that it prefers for weights which never change, and for activations
 * @param fusesCasts whether expressions read and write other types than f32; if not, it converts contiguous elements only
 * @param arenas by element type as stored, how many bytes of its memory are in one piece, as each value must be; what is missing has
 *     no limit
 * @param customs how it runs operations of one's own
 */
public record Target(
        String name,
        Precisions precisions,
        Set<DType> matrixFormats,
        long alignment,
        Packings packings,
        boolean fusesCasts,
        Map<DType, Long> arenas,
        Customs customs) {

    /** In what a device multiplies matrices; found out only when a program asks for another precision than f32. */
    public interface Precisions {
        Set<Precision> all();

        /** In what it multiplies within an operation of a program that asks for a precision: in that, or in one with smaller errors. */
        default Precision of(KernelOp op, Precision wanted) {
            return wanted;
        }

        /** Why it does not multiply in a precision, as half a sentence, where there is more to say than that it does not. */
        default @Nullable String absence(Precision precision) {
            return null;
        }
    }

    /** What runs an operation of one's own on a device, for people; null if nothing does. */
    public interface Customs {
        @Nullable
        String runs(CustomOp op);
    }

    /** The layouts in which a device reads the operands of matmuls and attention fastest; null for those that it reads as they are stored. */
    public interface Packings {
        /** Of the second operand, of which a weight keeps a copy. */
        @Nullable
        Packing of(Matmul op, Precision precision);

        /** Of the first operand, which whoever computes it writes. */
        default @Nullable RowPanels panels(Matmul op, Precision precision) {
            return null;
        }

        /** Of q (0), k (1) or v (2) of an attention, which whoever computes it writes. */
        default @Nullable RowPanels panels(AttentionOp.Attention op, int operand, Precision precision) {
            return null;
        }

        /** The same of the second operand, where it is one that other matmuls read as their first. */
        default @Nullable RowPanels panelsOfB(Matmul op, Precision precision) {
            return null;
        }

        /** Whether a kernel can write its result in a layout of the first operand. */
        default boolean writes(KernelOp op, Precision precision, RowPanels panels) {
            return false;
        }

        /** Whether a matmul's kernel can write its result over an operand of its epilogue that has its shape and layout. */
        default boolean overwrites(KernelOp op, Precision precision) {
            return false;
        }
    }

    public Target {
        matrixFormats = Set.copyOf(matrixFormats);
        arenas = Map.copyOf(arenas);
    }

    /** A device of f32 matrices that reads weights as they are stored, and whose memory is one piece. */
    public Target(String name, Set<Precision> precisions, long alignment, boolean fusesCasts) {
        this(
                name,
                () -> precisions,
                Set.of(DType.F32),
                alignment,
                (op, precision) -> null,
                fusesCasts,
                Map.of(),
                op -> "its reference");
    }

    /** Bytes of its memory that are in one piece, of an element type as stored. */
    public long arenaBytes(DType dtype) {
        return arenas.getOrDefault(dtype, Long.MAX_VALUE);
    }

    /**
     * Refuses what is larger than any piece of its memory.
     *
     * @param what for the message
     * @param dtype as stored
     * @throws TensorException saying so
     */
    public void requireArena(String what, DType dtype, long bytes) {
        if (bytes > arenaBytes(dtype)) {
            throw new TensorException(what + " takes " + bytes + " bytes on " + name + ", expected at most "
                    + arenaBytes(dtype)
                    + ", as it must be in one arena of the device's memory; use smaller batches, or allow"
                    + " more of its memory (--device-memory).");
        }
    }
}
