package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.Map;

/** Ranges of an accelerator's arenas as the workspace of its programs. */
final class DeviceWorkspace implements Workspace.Source<PlanMemory> {
    private final AcceleratorMemory memory;

    DeviceWorkspace(AcceleratorMemory memory) {
        this.memory = memory;
    }

    @Override
    public PlanMemory allocate(Map<DType, Long> bytes) {
        return PlanMemory.take(memory, bytes, memory.largestBytes());
    }

    @Override
    public void free(PlanMemory place) {
        place.give(memory);
    }
}
