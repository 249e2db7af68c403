package io.llm2clip.tensor.internal.engine;

import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.PlanText;
import java.util.List;

/** A plan that no device has loaded. */
record PlannedProgram(Plan plan, PlanDevice device) implements Program {
    @Override
    public void feed(Tensor input, TensorData value) {
        throw notLoaded();
    }

    @Override
    public boolean needs(Tensor input) {
        return plan.inputs().containsKey(input);
    }

    @Override
    public List<TensorData> run() {
        throw notLoaded();
    }

    @Override
    public ProgramMemory memory() {
        return plan.memory();
    }

    @Override
    public long flops() {
        return plan.flops();
    }

    @Override
    public String explain() {
        return "Program for " + device.name() + ", planned only\n" + PlanText.of(plan, device.target());
    }

    @Override
    public String toString() {
        return "Program planned for " + device.name();
    }

    private static IllegalStateException notLoaded() {
        return new IllegalStateException(
                "This program is a plan only, which has no memory to run in; compile it without ProgramOptions.asPlan().");
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
