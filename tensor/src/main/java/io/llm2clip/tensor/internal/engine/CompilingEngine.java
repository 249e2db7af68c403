package io.llm2clip.tensor.internal.engine;

import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Engine;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.accelerator.AcceleratorDevice;
import io.llm2clip.tensor.internal.autograd.ReverseMode;
import io.llm2clip.tensor.internal.compiler.Compiler;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.graph.ReferenceInterpreter;
import io.llm2clip.tensor.internal.host.HostDevice;
import java.util.List;
import java.util.Map;

/** The engine, put together of its parts. */
public final class CompilingEngine implements Engine {
    private final Device cpu = new HostDevice(Workers::shared);

    /** For {@link java.util.ServiceLoader}. */
    public CompilingEngine() {}

    @Override
    public Program compile(List<Tensor> outputs, List<Update> updates, Execution execution) {
        JavaRuntime.require();
        if (!(execution.device() instanceof PlanDevice device)) {
            throw new IllegalArgumentException("Programs do not run on "
                    + execution.device().name() + "; expected Device.cpu() or a device of Device.open(...).");
        }
        ProgramOptions options = execution.options();
        Plan plan = Compiler.compile(outputs, updates, device.target(), options);
        if (options.planned()) {
            return new PlannedProgram(plan, device);
        }
        return new CompiledProgram(
                outputs, updates, plan, device, Settings.checksNan() ? options.withNanCheck() : options);
    }

    @Override
    public List<Tensor> gradients(Tensor output, Tensor seed, List<Tensor> withRespectTo) {
        return ReverseMode.differentiate(output, seed, withRespectTo);
    }

    @Override
    public List<TensorData> interpret(List<Tensor> outputs, Map<Tensor, TensorData> feeds) {
        return ReferenceInterpreter.evaluate(outputs, feeds);
    }

    @Override
    public Device cpu() {
        return cpu;
    }

    @Override
    public Device open(int number, long memoryBytes) {
        return AcceleratorDevice.open(number, memoryBytes);
    }

    @Override
    public Device emulated(long memoryBytes) {
        return AcceleratorDevice.emulated(memoryBytes);
    }

    @Override
    public long usableBytes(int number) {
        return AcceleratorDevice.usableBytes(number);
    }
}
