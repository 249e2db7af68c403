package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.OperandNames;
import io.llm2clip.tensor.internal.compiler.Plan;
import java.util.ArrayList;
import java.util.List;

/** What a plan's kernels take as indices, for the inputs and variables that turn out to lie there. */
final class IndexChecks {
    /** Indices among the pinned values: a check of elements from an offset on. */
    private record Index(long byteOffset, IndexCheck check) {}

    private final Plan plan;
    private final OperandNames names;
    private final IndexSources sources = new IndexSources();
    private final List<Index> indices = new ArrayList<>();

    IndexChecks(Plan plan) {
        this.plan = plan;
        names = new OperandNames(plan);
    }

    /** Takes note of a step's indices; to be called in the order of the steps. Those in variables are checked from now on. */
    void add(int number, DeviceRanges ranges) {
        Plan.Step step = plan.steps().get(number);
        List<Operand> operands = step.op().operands();
        for (int i = 0; i < operands.size(); i++) {
            Operand operand = operands.get(i);
            Operand.Bounds bounds = operand.bounds();
            if (bounds != null) {
                String operation = step.op().name();
                String what = operation + ": " + operand.name() + ", " + names.of(step, i) + ",";
                String tensors = names.indexed(number, operand.name());
                for (IndexSources.Source source :
                        sources.of(what, step.operands().get(i), (int) operand.elements())) {
                    IndexCheck check = new IndexCheck(operation, operand.name(), tensors, source.elements(), bounds);
                    require(check, source.slot(), ranges);
                }
            }
        }
        sources.add(step);
    }

    private void require(IndexCheck check, Plan.Slot slot, DeviceRanges ranges) {
        switch (slot) {
            case Plan.Slot.Pinned(DType _, long at) -> indices.add(new Index(at, check));
            case Plan.Slot.InWorkspace _ ->
                throw new IllegalStateException(
                        check.operation() + ": " + check.operand() + " is neither stored, fed nor computed: " + slot);
            case Plan.Slot.InVariable(TensorData variable, long at) ->
                ranges.variable(variable).require(check.from(elements(at)));
        }
    }

    /** The checks of an input of i32 elements. */
    List<IndexCheck> of(Plan.Slot.Pinned input, int elements) {
        long end = input.offset() + (long) elements * Integer.BYTES;
        return indices.stream()
                .filter(index -> index.byteOffset >= input.offset() && index.byteOffset < end)
                .map(index -> index.check.from(elements(index.byteOffset - input.offset())))
                .toList();
    }

    private static int elements(long bytes) {
        return (int) (bytes / Integer.BYTES);
    }
}
