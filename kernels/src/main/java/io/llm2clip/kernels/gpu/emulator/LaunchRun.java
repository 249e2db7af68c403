package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.Grid;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One launch: all work-groups of a grid, one after the other. */
final class LaunchRun {
    /** Work-items that a device may append to a grid whose groups it chooses. */
    private static final int SURPLUS = 3;

    private final DeviceLaunch launch;
    private final Method method;
    private final Object[] buffers;
    private final @Nullable Random random;

    /** @param buffers what the kernel gets after the context */
    LaunchRun(DeviceLaunch launch, Object[] buffers, Schedule schedule) {
        this.launch = launch;
        this.method =
                launch.kernel().method(KernelLoader.instrumented(launch.kernel().owner()));
        this.method.setAccessible(true);
        this.buffers = buffers;
        this.random = schedule.shuffled() ? new Random(schedule.seed()) : null;
    }

    void run() {
        Grid grid = launch.grid().freeGroups() ? roundedUp(launch.grid()) : launch.grid();
        int groupSize = grid.freeGroups() ? 1 : grid.groupX() * grid.groupY() * grid.groupZ();
        List<Integer> order = new ArrayList<>();
        for (int g = 0; g < Math.multiplyExact(grid.x() * grid.y(), grid.z()) / groupSize; g++) {
            order.add(g);
        }
        if (random != null) {
            Collections.shuffle(order, random);
        }
        for (int number : order) {
            WorkGroup group = new WorkGroup(this::call, random);
            for (int i = 0; i < groupSize; i++) {
                group.add(new WorkItem(group, launch.kernel().name(), grid, number, i));
            }
            group.run();
        }
    }

    private static Grid roundedUp(Grid grid) {
        return new Grid(Math.addExact(grid.x(), SURPLUS), grid.y(), grid.z(), 0, 0, 0);
    }

    private void call(WorkItem item) {
        Object[] arguments = new Object[buffers.length + 1];
        arguments[0] = item;
        System.arraycopy(buffers, 0, arguments, 1, buffers.length);
        try {
            method.invoke(null, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("Kernel " + launch.kernel().name() + " failed.", e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("Kernel " + launch.kernel().name() + " is not accessible.", e);
        }
    }
}
