package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.OperandNames;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.StepObserver;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A plan on the CPU: pinned values in memory of its own, the others in the workspace, kernels bound to wherever that lies. */
final class HostExecutable implements Executable {
    private final Plan plan;
    private final Workers workers;
    private final HostBlocks pinned;
    private final Workspace<HostBlocks>.Share share;
    private final List<TensorData> variables;
    private final List<TensorData> updated;
    private final OperandNames names;
    private @Nullable HostBlocks bound;
    private List<Launch> launches = List.of();
    /** Whether kernels are bound for one run. */
    private boolean provisional;

    private @Nullable StepObserver observer;

    HostExecutable(Plan plan, Workspace<HostBlocks> workspace, Workers workers) {
        this.plan = plan;
        this.workers = workers;
        variables = plan.variables();
        updated = plan.updated();
        names = new OperandNames(plan);
        requireNoTask();
        Resources resources = new Resources();
        try {
            pinned = new HostBlocks(plan.pinnedBytes(), "a program's inputs and outputs");
            resources.add(pinned::close);
            share = workspace.open(plan.workspaceBytes());
            resources.add(() -> share.close(() -> {}));
            // Binding now says what cannot be bound when the program is compiled, not at its first run.
            share.run(this::bind);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    /** Prepares the kernels for where the workspace lies now. */
    private void bind(HostBlocks workspace) {
        if (workspace == bound) {
            return;
        }
        List<Launch> fresh = new ArrayList<>();
        for (Plan.Step step : plan.steps()) {
            KernelOp op = asStored(step);
            List<Operand> operands = op.operands();
            long[] addresses = new long[operands.size()];
            for (int i = 0; i < addresses.length; i++) {
                Plan.Slot slot = step.operands().get(i);
                MemorySegment memory = operands.get(i).packing() instanceof Packing packing
                        ? packed(packing, op, slot)
                        : memory(slot, operands.get(i).bytes(), workspace);
                addresses[i] = memory.address();
            }
            fresh.add(CpuKernels.bind(op, HostPrecisions.of(step.precision()), addresses, workers));
        }
        launches = fresh;
        bound = workspace;
    }

    /**
     * The operation of a step, but by a mapped weight as it is in the file where nobody has used it before: a process may compute once only, and
     * packing would keep it waiting for as much memory again. From the second run on the weight is packed.
     */
    private KernelOp asStored(Plan.Step step) {
        if (step.op().unpacked() instanceof Matmul matmul
                && matmul.b().packing() instanceof Packing packing
                && step.operands().get(1) instanceof Plan.Slot.InVariable(TensorData variable, long _)
                && variable.isMapped()) {
            Matmul rows = matmul.withB(matmul.b().unpacked());
            if (CpuKernels.readsRows(packing, rows) && variable.isFirstUse(packing)) {
                provisional = true;
                return step.op() instanceof PackedRows packed ? new PackedRows(rows, packed.panels()) : rows;
            }
        }
        return step.op();
    }

    private MemorySegment memory(Plan.Slot slot, long bytes, HostBlocks workspace) {
        return switch (slot) {
            case Plan.Slot.InWorkspace place -> workspace.at(place, bytes);
            case Plan.Slot.Pinned place -> pinned.at(place, bytes);
            case Plan.Slot.InVariable(TensorData variable, long offset) ->
                variable.memory().asSlice(offset, bytes);
        };
    }

    /** The variable's copy in a layout, which it keeps for all programs. */
    private MemorySegment packed(Packing packing, KernelOp op, Plan.Slot slot) {
        if (!(op.unpacked() instanceof Matmul matmul)
                || !(slot instanceof Plan.Slot.InVariable(TensorData variable, long _))) {
            throw new IllegalStateException("Only B of a matmul that is a variable is packed, found " + op + ".");
        }
        return variable.packed(
                packing, copy -> CpuKernels.pack(packing, matmul.b().unpacked(), variable.readOnly(), copy, workers));
    }

    @Override
    public TensorData input(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        return new TensorData(shape, dtype, pinned.at(slot, dtype.bytes((long) shape.size())));
    }

    @Override
    public TensorData output(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        return input(slot, shape, dtype);
    }

    @Override
    public void run() {
        requireNoTask();
        share.run(workspace -> {
            bind(workspace);
            // Kernels read bare addresses: what an accelerator has newer must be there first.
            variables.forEach(TensorData::bringHome);
            updated.forEach(TensorData::segment);
            if (Settings.poisons()) {
                poison(workspace);
            }
            if (observer != null) {
                observer.begins();
            }
            for (int step = 0; step < launches.size(); step++) {
                run(step);
                if (observer != null) {
                    observer.ran(step, stored(plan.steps().get(step), workspace));
                }
            }
            if (provisional) {
                provisional = false;
                bound = null;
            }
        });
    }

    @Override
    public void observe(StepObserver added) {
        observer = added;
    }

    /** The operands of a step as they are stored, packed weights too. */
    private IntFunction<MemorySegment> stored(Plan.Step step, HostBlocks workspace) {
        return i -> {
            Operand operand = step.op().operands().get(i);
            return operand.packing() instanceof Packing
                            && step.operands().get(i) instanceof Plan.Slot.InVariable(TensorData variable, long offset)
                    ? variable.readOnly().asSlice(offset, operand.dtype().bytes(operand.elements()))
                    : memory(step.operands().get(i), operand.bytes(), workspace);
        };
    }

    private void run(int step) {
        try {
            launches.get(step).run();
        } catch (IndexException e) {
            throw names.name(e, step);
        }
    }

    /** Nothing that a run reads may be left from another one. */
    private void poison(HostBlocks workspace) {
        workspace.poison(plan.workspaceBytes());
        for (Plan.Step step : plan.steps()) {
            List<Operand> operands = step.op().operands();
            for (int i = 0; i < operands.size(); i++) {
                if (operands.get(i).access() == Operand.Access.WRITE
                        && step.operands().get(i) instanceof Plan.Slot.Pinned output) {
                    pinned.poison(output, operands.get(i).bytes());
                }
            }
        }
    }

    /** Waits until a run of another thread has ended. */
    @Override
    public void close() {
        requireNoTask();
        share.close(pinned::close);
    }

    /** Whose turn it is may be waiting for the workers, who wait for the task. */
    private void requireNoTask() {
        if (workers.isWorking()) {
            throw new IllegalStateException("A program was compiled, run or closed by a task of the workers that run"
                    + " its kernels; do so outside of the parallel loop.");
        }
    }
}
