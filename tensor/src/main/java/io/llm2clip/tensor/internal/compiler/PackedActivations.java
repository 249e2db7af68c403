package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Has values that nothing reads but matmuls or attention written in the layout that these multiply, where the kernel that computes them can:
 * there are no rows of f32 then. Matmuls read it as their first operand, or in bf16 as the second one that gradients of weights have: what the
 * forward pass multiplied is kept for them as it was rounded, in half of the memory. Where others read values, too, but several matmuls do, or no
 * kernel can write them so, they are packed once for all of these, in bf16. What is multiplied is the same, packed by whoever writes it instead of by each
 * that reads it.
 *
 * <p>What only the epilogue of a matmul with a packed result reads, such as the gate of a gated activation, is packed with it: that is rounded
 * once more, as the product that it becomes a part of is, and never written to memory in f32.
 */
final class PackedActivations {
    private static final int NONE = -1;

    private final Target.Packings packings;
    private final List<KernelCall> calls;
    /** By value, the calls that read it, each as often as it does. */
    private final Map<Node, List<Integer>> readers = new HashMap<>();
    /** By value, the call that computes it. */
    private final Map<Node, Integer> writers = new HashMap<>();
    /** What is read by other than calls: handed out, copied, or written into variables. */
    private final Set<Node> kept = new HashSet<>();
    /** Calls that belong right before another one. */
    private final Map<Integer, List<KernelCall>> before = new HashMap<>();

    private PackedActivations(Layouts.Laid laid, Target.Packings packings) {
        this.packings = packings;
        calls = new ArrayList<>(laid.calls());
        for (int call = 0; call < calls.size(); call++) {
            for (Node result : calls.get(call).results()) {
                writers.put(result, call);
            }
            for (View operand : calls.get(call).operands()) {
                readers.computeIfAbsent(operand.base(), _ -> new ArrayList<>()).add(call);
            }
        }
        laid.outputs().forEach(output -> kept.add(output.base()));
        laid.copies().values().forEach(this::keepOperands);
        for (Layouts.Written update : laid.updates()) {
            switch (update) {
                case Layouts.Written.ByKernel(KernelCall call) -> keepOperands(call);
                case Layouts.Written.Assigned assigned ->
                    kept.add(assigned.value().base());
            }
        }
    }

    private void keepOperands(KernelCall call) {
        call.operands().forEach(operand -> kept.add(operand.base()));
    }

    static Layouts.Laid place(Layouts.Laid laid, Target.Packings packings) {
        PackedActivations pass = new PackedActivations(laid, packings);
        for (int call = 0; call < pass.calls.size(); call++) {
            pass.pack(call);
        }
        for (int call = 0; call < pass.calls.size(); call++) {
            pass.packExtras(call);
        }
        return new Layouts.Laid(pass.inOrder(), laid.copies(), laid.outputs(), laid.updates());
    }

    /** Packs what nothing reads but the epilogue of a matmul whose result is packed: all values of the result's shape, or none. */
    private void packExtras(int reader) {
        KernelCall call = calls.get(reader);
        if (!(call.op() instanceof PackedRows(KernelOp inner, RowPanels panels)) || !(inner instanceof Matmul op)) {
            return;
        }
        Set<Integer> writers = new LinkedHashSet<>();
        for (int extra = 0; extra < op.epilogue().extras().size(); extra++) {
            if (op.epilogue().extras().get(extra) == Broadcast.FULL) {
                writers.add(writesPacked(call.operands().get(2 + extra), panels));
            }
        }
        Matmul packed = op.withEpilogue(op.epilogue().withPanels(panels));
        if (writers.isEmpty() || writers.contains(NONE) || !packings.writes(packed, call.precision(), panels)) {
            return;
        }
        for (int writer : writers) {
            calls.set(
                    writer,
                    calls.get(writer).withOp(new PackedRows(calls.get(writer).op(), panels)));
        }
        calls.set(reader, call.withOp(new PackedRows(packed, panels)));
    }

    /** The matmul that can write a value packed, which is read once, as a whole; or {@link #NONE}. */
    private int writesPacked(View value, RowPanels panels) {
        Integer writer = writers.get(value.base());
        boolean once = readers.getOrDefault(value.base(), List.of()).size() == 1 && !kept.contains(value.base());
        if (writer == null || !once || !isWhole(value)) {
            return NONE;
        }
        KernelCall call = calls.get(writer);
        return call.op() instanceof Matmul && packings.writes(call.op(), call.precision(), panels) ? writer : NONE;
    }

    /** Packs what a call computes, if that is of use. */
    private void pack(int producer) {
        KernelCall call = calls.get(producer);
        Node value = call.results().getFirst();
        if (call.results().size() > 1 || value.dtype != DType.F32) {
            return;
        }
        List<Integer> reading = readers.getOrDefault(value, List.of());
        RowPanels panels = null;
        List<Integer> packed = new ArrayList<>();
        for (int reader : reading) {
            RowPanels wanted = readsPacked(calls.get(reader), value);
            if (wanted != null && (panels == null || panels.equals(wanted))) {
                panels = wanted;
                packed.add(reader);
            }
        }
        if (panels == null) {
            return;
        }
        if (packed.size() == reading.size()
                && !kept.contains(value)
                && packings.writes(call.op(), call.precision(), panels)) {
            PackedRows op = new PackedRows(call.op(), panels);
            calls.set(producer, call.withOp(op));
            read(packed, panels, value, value);
        } else if (packed.size() > 1 && panels.format() != RowPanels.Format.F32) {
            packOnce(value, panels, packed);
        }
    }

    /** The layout in which a call would rather read a value, if it reads it once, as a whole. */
    private @Nullable RowPanels readsPacked(KernelCall call, Node value) {
        int operand = operand(call, value);
        long operands =
                call.operands().stream().filter(view -> view.base() == value).count();
        if (operands > 1 || !isWhole(call.operands().get(operand))) {
            return null;
        }
        return switch (call.op()) {
            case Matmul op when operand == 0 -> packings.panels(op, call.precision());
            case Matmul op when operand == 1 -> packings.panelsOfB(op, call.precision());
            case AttentionOp.Attention op when operand < 3 -> packings.panels(op, operand, call.precision());
            default -> null;
        };
    }

    /** The first operand of a call that is of a value. */
    private static int operand(KernelCall call, Node value) {
        List<Node> bases = call.operands().stream().map(View::base).toList();
        return bases.indexOf(value);
    }

    private static boolean isWhole(View view) {
        return view.offset() == 0
                && view.dense()
                && view.shape().size() == view.base().shape.size();
    }

    /** A copy in f32 would be as large as the rows, and made in as much time as matmuls save: they pack these themselves. */
    private void packOnce(Node value, RowPanels panels, List<Integer> packed) {
        List<Integer> matrix = List.of(panels.rows(), panels.columns());
        Elementwise copy = new Elementwise(Expression.IDENTITY, matrix, List.of(List.of(panels.columns(), 1)));
        if (packings.writes(copy, Precision.F32, panels)) {
            Node copied = Node.temporary(value.operation, value.shape, value.dtype);
            copied.site = value.site;
            PackedRows op = new PackedRows(copy, panels);
            before.computeIfAbsent(packed.getFirst(), _ -> new ArrayList<>())
                    .add(new KernelCall(op, Precision.F32, List.of(View.dense(value)), List.of(copied)));
            read(packed, panels, value, copied);
        }
    }

    /** Has calls read a packed value instead of another. */
    private void read(List<Integer> readers, RowPanels panels, Node value, Node packed) {
        for (int number : readers) {
            KernelCall call = calls.get(number);
            int operand = operand(call, value);
            List<View> operands = new ArrayList<>(call.operands());
            operands.set(operand, View.dense(packed));
            KernelOp op = switch (call.op()) {
                case Matmul matmul when operand == 0 -> matmul.withPanels(panels);
                case Matmul matmul -> matmul.withPanelsOfB(panels);
                case AttentionOp.Attention attention -> attention.withPanels(operand, panels);
                case KernelOp other -> throw new IllegalStateException(other + " reads no panels.");
            };
            calls.set(number, new KernelCall(op, call.precision(), operands, call.results(), call.after()));
        }
    }

    private List<KernelCall> inOrder() {
        List<KernelCall> ordered = new ArrayList<>();
        for (int call = 0; call < calls.size(); call++) {
            ordered.addAll(before.getOrDefault(call, List.of()));
            ordered.add(calls.get(call));
        }
        return ordered;
    }
}
