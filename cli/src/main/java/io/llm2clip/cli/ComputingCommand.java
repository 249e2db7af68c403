package io.llm2clip.cli;

import picocli.CommandLine.Mixin;
import tools.jackson.databind.node.ObjectNode;

/** A command that runs programs, and so can be told where. */
abstract class ComputingCommand implements Runnable {
    /** Name of a result's property. */
    static final String PRECISION = "precision";

    @Mixin
    private DeviceOption device = new DeviceOption();

    DeviceOption device() {
        return device;
    }

    /** Prints a result as JSON, with the precision that it was computed in. */
    void printJson(Terminal terminal, Object result) {
        ObjectNode json = Json.MAPPER.valueToTree(result);
        json.put(PRECISION, precision());
        terminal.printJson(json);
    }

    /** In what matrices are multiplied, as the option names it. */
    String precision() {
        return device.execution().options().precision().toString();
    }
}
