package io.llm2clip.bench.gpu;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import java.util.ArrayList;
import java.util.List;

/** What a launch costs the host: of a kernel that does next to nothing, one by one and recorded. */
final class LaunchPart {
    private static final List<Integer> COUNTS = List.of(1, 10, 100);
    private static final double SECONDS = 0.5;
    private static final int ELEMENTS = 1 << 10;

    private LaunchPart() {}

    public static void main(String[] arguments) {
        PartOptions options = PartOptions.parse(arguments);
        KernelOp copy = new Elementwise(Expression.IDENTITY, List.of(1), List.of(List.of(1)));
        List<DeviceAddress> addresses = List.of(new DeviceAddress(0, 0), new DeviceAddress(0, 1));
        DeviceLaunch launch = DeviceKernels.plan(copy).launches().getFirst();
        try (Rows rows = new Rows(options.rows());
                TornadoDevice device =
                        TornadoDevice.open(options.target().number(), List.of(new ArenaSize(DType.F32, ELEMENTS)))) {
            for (int count : COUNTS) {
                add(rows, count, "one by one", () -> {
                    for (int i = 0; i < count; i++) {
                        device.launch(launch, addresses);
                    }
                });
                List<DeviceStep> steps = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    steps.addAll(device.steps(
                            copy, MatmulPrecision.F32, addresses, new boolean[0], (_, _) -> addresses.getFirst()));
                }
                try (LaunchSequence recorded = device.record(steps)) {
                    add(rows, count, "recorded", recorded::run);
                }
            }
        }
    }

    private static void add(Rows rows, int count, String how, Runnable launches) {
        Stopwatch watch = Stopwatch.measure(SECONDS, launches);
        rows.add(Rows.row("launches, " + count)
                .put("engine", "llm2clip")
                .put("type", how)
                .put("value", watch.medianSeconds() * 1e6)
                .put("unit", "us")
                .put("first_seconds", watch.firstSeconds()));
    }
}
