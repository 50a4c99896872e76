// What `@countersign/react` offers.

export { Can, RequireAuth, SignedIn, SignedOut, withAuth, type CanProps, type GuardProps, type RequireAuthProps } from "./guards.js";
export { useAuth, useAuthEvent, useExchange, useReady, useUser, type Auth, type Exchange } from "./hooks.js";
export { AuthProvider, useAuthClient, useSnapshot, type AuthProviderProps } from "./provider.js";
