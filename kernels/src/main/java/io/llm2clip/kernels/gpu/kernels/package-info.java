/** The device kernels: static Java methods in the dialect, which run in the emulator and are compiled for devices. */
@NullMarked
package io.llm2clip.kernels.gpu.kernels;

import org.jspecify.annotations.NullMarked;
