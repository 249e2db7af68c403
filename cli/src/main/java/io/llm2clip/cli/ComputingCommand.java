package io.llm2clip.cli;

import picocli.CommandLine.Mixin;

/** A command that runs programs, and so can be told where. */
abstract class ComputingCommand implements Runnable {
    @Mixin
    private DeviceOption device = new DeviceOption();

    DeviceOption device() {
        return device;
    }
}
