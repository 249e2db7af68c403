package io.llm2clip.kernels.operations;

import java.util.ArrayList;
import java.util.List;

/**
 * An operation that has one result, of f32, and writes it in the layout in which matmuls read their first operand, and in no other.
 *
 * @param op the operation
 * @param panels the layout of its result, whose rows and columns are those of the matrix that the matmuls read
 */
public record PackedRows(KernelOp op, RowPanels panels) implements KernelOp {
    public PackedRows {
        Checks.require(op.updates().isEmpty(), "PackedRows: an operation that updates nothing", op);
        List<Operand> results = op.results();
        Checks.require(
                results.size() == 1 && results.getFirst().equals(Operand.out((long) panels.rows() * panels.columns())),
                "PackedRows: one result of f32 [" + panels.rows() + ", " + panels.columns() + "]",
                results);
    }

    @Override
    public String name() {
        return op.name();
    }

    @Override
    public KernelOp unpacked() {
        return op;
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>(op.operands());
        operands.set(operands.size() - 1, operands.getLast().packed(panels));
        return operands;
    }

    @Override
    public long flops() {
        return op.flops();
    }
}
