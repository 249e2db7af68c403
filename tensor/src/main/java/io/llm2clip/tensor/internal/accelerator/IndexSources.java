package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where the indices that a plan's kernels take come from: they are checked on the host, before they are sent, because kernels do not
 * check them. Copies are followed to what they are copies of.
 */
final class IndexSources {
    private final List<Written> written = new ArrayList<>();

    /** I32 elements that were written, and the step that copied them there; null for one that computed them. */
    private record Written(Plan.Slot.Planned start, long bytes, Plan.@Nullable Step copy) {
        boolean holds(Plan.Slot.Planned slot) {
            return slot.getClass() == start.getClass()
                    && slot.dtype() == start.dtype()
                    && slot.offset() >= start.offset()
                    && slot.offset() < start.offset() + bytes;
        }
    }

    /**
     * Elements that are indices.
     *
     * @param slot in a variable or in an input
     * @param elements numbers of elements, from the slot's start
     */
    record Source(Plan.Slot slot, List<Integer> elements) {}

    /** Takes note of what a step writes; to be called in the order of the steps. */
    void add(Plan.Step step) {
        boolean copies =
                step.op() instanceof Elementwise elementwise ? elementwise.isCopy() : step.op() instanceof Concat;
        List<Operand> operands = step.op().operands();
        for (int i = 0; i < operands.size(); i++) {
            Operand operand = operands.get(i);
            if (operand.access() == Operand.Access.WRITE
                    && operand.dtype() == DType.I32
                    && step.operands().get(i) instanceof Plan.Slot.Planned start) {
                written.addFirst(new Written(start, operand.bytes(), copies ? step : null));
            }
        }
    }

    /**
     * What an operand's elements are, or are copies of.
     *
     * @param what operation and operand, for messages
     * @throws TensorException if they are computed on the device
     */
    List<Source> of(String what, Plan.Slot slot, int elements) {
        if (slot instanceof Plan.Slot.Planned planned) {
            for (Written range : written) {
                if (range.holds(planned)) {
                    if (range.copy == null) {
                        throw new TensorException(what + " is computed on the device, where indices are not checked;"
                                + " compute it on the CPU and feed it.");
                    }
                    return copied(what, range.copy);
                }
            }
        }
        return List.of(new Source(slot, IntStream.range(0, elements).boxed().toList()));
    }

    private List<Source> copied(String what, Plan.Step copy) {
        List<Source> sources = new ArrayList<>();
        List<Operand> operands = copy.op().inputs();
        for (int i = 0; i < operands.size(); i++) {
            Plan.Slot slot = copy.operands().get(i);
            List<Source> all = of(what, slot, (int) operands.get(i).elements());
            boolean direct = all.size() == 1 && all.getFirst().slot.equals(slot);
            // Of a view only those that it shows; what lies between them may be no indices.
            sources.addAll(
                    direct && copy.op() instanceof Elementwise view
                            ? List.of(new Source(
                                    slot,
                                    elements(
                                            view.shape(),
                                            view.sources().getFirst().strides())))
                            : all);
        }
        return sources;
    }

    private static List<Integer> elements(List<Integer> shape, List<Integer> strides) {
        Stream<Integer> elements = Stream.of(0);
        for (int d = 0; d < shape.size(); d++) {
            int extent = shape.get(d);
            int stride = strides.get(d);
            elements = elements.flatMap(start -> IntStream.range(0, extent).mapToObj(i -> start + i * stride));
        }
        return elements.toList();
    }
}
