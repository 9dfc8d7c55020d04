import { MantineProvider } from "@mantine/core";
import type { Device } from "../sync/device.ts";
import { DeviceProvider } from "../ui/device.tsx";
import { theme } from "../ui/theme.ts";
import { Boundary } from "./boundary.tsx";
import { Gate } from "./gate.tsx";

export function App({ device }: { device: Device }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <Boundary>
        <DeviceProvider device={device}>
          <Gate />
        </DeviceProvider>
      </Boundary>
    </MantineProvider>
  );
}
