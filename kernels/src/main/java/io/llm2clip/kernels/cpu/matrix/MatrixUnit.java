package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Matmul;
import java.util.List;

/** What multiplies matrices, alone and within an attention, on this machine. */
public sealed interface MatrixUnit permits VectorApiMatrixUnit {

    /** Name, as the system property {@code llm2clip.matrix} and reports use it. */
    String name();

    /**
     * Binds a product to its buffers.
     *
     * @param op the product
     * @param addresses one address an operand, in the order of {@link Matmul#operands()}; aligned to 4 bytes
     * @param workers the threads that run it
     */
    Launch matmul(Matmul op, long[] addresses, Workers workers);

    /**
     * Binds an attention to its buffers.
     *
     * @param op the attention
     * @param addresses as for {@link #matmul}
     * @param workers the threads that run it
     */
    Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers);

    /**
     * Binds the gradients of an attention to their buffers.
     *
     * @param op the gradients
     * @param addresses as for {@link #matmul}
     * @param workers the threads that run it
     */
    Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers);

    /** All units of this machine, fastest first. */
    static List<MatrixUnit> available() {
        return List.of(new VectorApiMatrixUnit());
    }

    /**
     * The unit in use: the fastest, or the one named by the system property {@code llm2clip.matrix}.
     *
     * @throws IllegalArgumentException if this machine has no unit of that name
     */
    static MatrixUnit selected() {
        String name = System.getProperty("llm2clip.matrix");
        List<MatrixUnit> units = available();
        if (name == null) {
            return units.getFirst();
        }
        return units.stream()
                .filter(unit -> unit.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "No matrix unit '" + name + "' on this machine; set llm2clip.matrix to one of "
                                + units.stream().map(MatrixUnit::name).toList() + " or leave it unset."));
    }
}
