package io.llm2clip.bench.gpu;

import io.llm2clip.kernels.gpu.tornado.DeviceInfo;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import tools.jackson.databind.node.ObjectNode;

/** What devices there are, by what they multiply, and whether they compute a trivial kernel right. */
final class CardPart {
    private CardPart() {}

    public static void main(String[] arguments) {
        PartOptions options = PartOptions.parse(arguments);
        try (Rows rows = new Rows(options.rows())) {
            for (DeviceInfo device : TornadoVm.devices()) {
                ObjectNode row = Rows.row("device " + device.number())
                        .put("name", device.name())
                        .put("backend", device.backend())
                        .put("platform", device.platform())
                        .put("memory_bytes", device.memoryBytes())
                        .put("matmul", TornadoVm.products(device.number()));
                String driver = System.getenv("LLM2CLIP_GPU_DRIVER");
                if (driver != null && !driver.isEmpty()) {
                    row.put("driver", driver);
                }
                TornadoVm.defect(device.number()).ifPresent(defect -> row.put("error", defect));
                rows.add(row);
            }
        }
    }
}
