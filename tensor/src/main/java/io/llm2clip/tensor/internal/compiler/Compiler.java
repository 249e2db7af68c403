package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.Views;
import java.util.List;
import java.util.Map;

/** From a graph to a plan for a device, pass by pass. */
public final class Compiler {
    private Compiler() {}

    /**
     * Compiles what outputs and updates need, and nothing else.
     *
     * @param outputs what the program hands out
     * @param updates what it writes into variables
     * @param target the device
     * @param options what the program is asked for
     * @throws io.llm2clip.tensor.TensorException if the target does not have what the options or the graph ask for
     */
    public static Plan compile(List<Tensor> outputs, List<Update> updates, Target target, ProgramOptions options) {
        Simplifier.Simplified graph = Simplifier.simplify(outputs, updates);
        SharedMemory.check(graph);
        FormatCheck.require(graph.order(), target);
        CustomCheck.require(graph, target);
        Map<Node, Precision> precisions = PrecisionPass.assign(graph.order(), target, options);
        Views views = new Views();
        List<Computation> computations = Fusion.fuse(graph.order(), target, precisions, views);
        Layouts.Laid stored = Layouts.assign(computations, graph, views, target.packings());
        Layouts.Laid laid = PackedActivations.place(stored, target.packings());
        Schedule schedule = Rematerialization.of(Schedule.of(UpdatePass.place(laid), laid.outputs()), laid.outputs());
        MemoryPlan memory = MemoryPlan.of(schedule, graph.inputs().values(), laid.outputs(), target);
        return PlanBuilder.build(schedule, graph.inputs(), laid.outputs(), memory);
    }
}
