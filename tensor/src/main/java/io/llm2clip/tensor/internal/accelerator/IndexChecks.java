package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Plan;
import java.util.ArrayList;
import java.util.List;

/** What a plan's kernels take as indices, for the inputs and variables that turn out to lie there. */
final class IndexChecks {
    /** Indices among the pinned values. */
    private record Index(long byteOffset, String what, List<Integer> elements, Operand.Bounds bounds) {}

    private final IndexSources sources = new IndexSources();
    private final List<Index> indices = new ArrayList<>();

    /** Takes note of a step's indices; to be called in the order of the steps. Those in variables are checked from now on. */
    void add(Plan.Step step, DeviceRanges ranges) {
        List<Operand> operands = step.op().operands();
        for (int i = 0; i < operands.size(); i++) {
            Operand operand = operands.get(i);
            Operand.Bounds bounds = operand.bounds();
            if (bounds != null) {
                String name = step.op().getClass().getSimpleName() + ": " + operand.name();
                for (IndexSources.Source source :
                        sources.of(name, step.operands().get(i), (int) operand.elements())) {
                    require(name, source, bounds, ranges);
                }
            }
        }
        sources.add(step);
    }

    private void require(String name, IndexSources.Source source, Operand.Bounds bounds, DeviceRanges ranges) {
        switch (source.slot()) {
            case Plan.Slot.Pinned(DType _, long at) -> indices.add(new Index(at, name, source.elements(), bounds));
            case Plan.Slot.InWorkspace _ ->
                throw new IllegalStateException(name + " is neither stored, fed nor computed: " + source.slot());
            case Plan.Slot.InVariable(TensorData variable, long at) ->
                ranges.variable(variable).require(check(name, at, source.elements(), bounds));
        }
    }

    /** The checks of an input of i32 elements. */
    List<IndexCheck> of(Plan.Slot.Pinned input, int elements) {
        long end = input.offset() + (long) elements * Integer.BYTES;
        return indices.stream()
                .filter(index -> index.byteOffset >= input.offset() && index.byteOffset < end)
                .map(index -> check(index.what, index.byteOffset - input.offset(), index.elements, index.bounds))
                .toList();
    }

    /** A check of elements that are counted from some bytes behind the first. */
    private static IndexCheck check(String name, long bytes, List<Integer> elements, Operand.Bounds bounds) {
        int first = (int) (bytes / Integer.BYTES);
        return new IndexCheck(
                name, elements.stream().map(element -> first + element).toList(), bounds);
    }
}
