package io.llm2clip.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;

/** Decoded samples as RGB, without colour management: the reference takes samples as they are stored. */
final class Rasters {
    private Rasters() {}

    static RgbImage toRgb(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] pixels = new byte[Math.multiplyExact(Math.multiplyExact(3, width), height)];
        if (hasPlainSamples(image)) {
            copySamples(image.getRaster(), pixels);
        } else {
            copyColors(image, pixels);
        }
        return new RgbImage(width, height, pixels);
    }

    /**
     * Whether samples are grey or RGB components. {@link BufferedImage#getRGB} would send grey ones through a gamma
     * curve and profiled ones through their profile, which changes values.
     */
    private static boolean hasPlainSamples(BufferedImage image) {
        int family = image.getColorModel().getColorSpace().getType();
        int type = image.getSampleModel().getDataType();
        return image.getColorModel() instanceof ComponentColorModel
                && !image.isAlphaPremultiplied()
                && (family == ColorSpace.TYPE_GRAY || family == ColorSpace.TYPE_RGB)
                && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
    }

    private static void copySamples(Raster raster, byte[] pixels) {
        boolean gray = raster.getNumBands() < 3;
        int bits = raster.getSampleModel().getSampleSize(0);
        int bands = raster.getNumBands();
        int width = raster.getWidth();
        int[] row = new int[bands * width];
        for (int y = 0, to = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    pixels[to++] = toByte(row[x * bands + (gray ? 0 : channel)], bits);
                }
            }
        }
    }

    private static byte toByte(int sample, int bits) {
        return (byte) (bits >= 8 ? sample >> bits - 8 : sample * 255 / ((1 << bits) - 1));
    }

    private static void copyColors(BufferedImage image, byte[] pixels) {
        int width = image.getWidth();
        int[] row = new int[width];
        for (int y = 0, to = 0; y < image.getHeight(); y++) {
            image.getRGB(0, y, width, 1, row, 0, width);
            for (int color : row) {
                pixels[to++] = (byte) (color >> 16);
                pixels[to++] = (byte) (color >> 8);
                pixels[to++] = (byte) color;
            }
        }
    }
}
